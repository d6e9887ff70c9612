// oauth4webapi, the low-level certified client: the same walk, each request and each answer checked by hand.
import * as oauth from "oauth4webapi";
import { answer, steps, told } from "./browser.mjs";

const plan = await told();
const { done, note } = steps();
const loose = { [oauth.allowInsecureRequests]: true };
const es256 = { name: "ECDSA", namedCurve: "P-256" };
const issuer = new URL(plan.issuer);

for (const algorithm of ["oidc", "oauth2"]) {
  const found = await oauth.discoveryRequest(issuer, { algorithm, ...loose });
  note(`discovery ${algorithm}`, (await oauth.processDiscoveryResponse(issuer, found)).issuer === plan.issuer);
}
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, loose));
const client = { client_id: plan.app.id };
const key = await crypto.subtle.importKey("jwk", plan.app.key, es256, false, ["sign"]);
const way = oauth.PrivateKeyJwt({ key, kid: plan.app.kid });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const asked = new URLSearchParams({
  response_type: "code",
  redirect_uri: plan.app.back,
  scope: plan.app.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
const pushed = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, way, asked, { DPoP, ...loose }));
note("par", pushed.expires_in === 60);

async function walk(press) {
  const again = await oauth.processPushedAuthorizationResponse(
    as, client, await oauth.pushedAuthorizationRequest(as, client, way, asked, { DPoP, ...loose }));
  const url = new URL(as.authorization_endpoint);
  url.searchParams.set("client_id", plan.app.id);
  url.searchParams.set("request_uri", again.request_uri);
  return answer(url, { ...plan.person, press });
}

try {
  oauth.validateAuthResponse(as, client, await walk("deny"), state);
  note("a no is a no", false);
} catch (fault) {
  note("a no is a no", fault.error === "access_denied");
}
const params = oauth.validateAuthResponse(as, client, await walk("allow"), state);
note("issuer in the answer", params.get("iss") === null || params.get("iss") === plan.issuer);
const exchange = () => oauth.authorizationCodeGrantRequest(
  as, client, way, params, plan.app.back, verifier, { DPoP, ...loose });
const tokens = await oauth.processAuthorizationCodeResponse(
  as, client, await exchange(), { expectedNonce: nonce, requireIdToken: true });
note("code with pkce, dpop and private_key_jwt", tokens.token_type === "dpop");

const call = (token) => oauth.protectedResourceRequest(
  token, "GET", new URL(`${plan.issuer}/api/v1/whoami`), undefined, undefined, { DPoP, ...loose });
note("call of the API", (await (await call(tokens.access_token)).json()).name === plan.person.name);
const keys = await oauth.validateJwtAccessToken(
  as, new Request(plan.issuer, { headers: { authorization: `Bearer ${tokens.access_token}` } }), `${plan.issuer}/api/v1`,
  { ...loose, requireDPoP: false }).catch((fault) => fault.message);
note("the form of RFC 9068", typeof keys === "object" || /DPoP/.test(keys));

const fresh = await oauth.processRefreshTokenResponse(
  as, client, await oauth.refreshTokenGrantRequest(as, client, way, tokens.refresh_token, { DPoP, ...loose }));
note("refresh", typeof fresh.access_token === "string");
const look = async (token) => oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, way, token, loose));
note("introspection", (await look(fresh.access_token)).active === true);
note("introspection of nonsense", (await look("nonsense")).active === false);
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, way, fresh.access_token, loose));
note("revocation", (await look(fresh.access_token)).active === false);
const late = await call(tokens.access_token).then((each) => each.status, (fault) => fault.status ?? fault.response?.status);
note("everything of the grant is dead", late === 401);
const twice = await oauth.processAuthorizationCodeResponse(as, client, await exchange()).catch((fault) => fault.error);
note("a code counts once", twice === "invalid_grant");
console.log(JSON.stringify(done));

// openid-client, a certified relying party, walks every flow against a running server.
import * as oauth from "openid-client";
import { answer, steps, told } from "./browser.mjs";

const plan = await told();
const { done, note } = steps();
const insecure = { execute: [oauth.allowInsecureRequests] };
const es256 = { name: "ECDSA", namedCurve: "P-256" };
const keyOf = (jwk) => crypto.subtle.importKey("jwk", jwk, es256, false, ["sign"]);

async function known(client) {
  const way = oauth.PrivateKeyJwt({ key: await keyOf(client.key), kid: client.kid });
  const found = await oauth.discovery(new URL(plan.issuer), client.id, {}, way, insecure);
  return found;
}

const app = await known(plan.app);
note("discovery", app.serverMetadata().issuer === plan.issuer);
const proof = oauth.getDPoPHandle(app, await oauth.randomDPoPKeyPair("ES256"));
const verifier = oauth.randomPKCECodeVerifier();
const state = oauth.randomState();
const nonce = oauth.randomNonce();
const asked = {
  redirect_uri: plan.app.back,
  scope: plan.app.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
  resource: `${plan.issuer}/api/v1`,
};
const url = await oauth.buildAuthorizationUrlWithPAR(app, asked, { DPoP: proof });
note("par", url.searchParams.get("request_uri").startsWith("urn:ietf:params:oauth:request_uri:"));
const back = await answer(url, plan.person);
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const tokens = await oauth.authorizationCodeGrant(app, back, checks, undefined, { DPoP: proof });
note("code with pkce, dpop and private_key_jwt", tokens.token_type === "dpop" && tokens.claims().nonce === nonce);

const whoami = new URL(`${plan.issuer}/api/v1/whoami`);
const call = (config, token, handle) =>
  oauth.fetchProtectedResource(config, token, whoami, "GET", null, new Headers(), { DPoP: handle });
const me = await (await call(app, tokens.access_token, proof)).json();
note("call of the API", me.name === plan.person.name && me.scopes.includes("ledger.read"));

const fresh = await oauth.refreshTokenGrant(app, tokens.refresh_token, undefined, { DPoP: proof });
note("refresh", fresh.access_token !== tokens.access_token);
const seen = await oauth.tokenIntrospection(app, fresh.access_token);
note("introspection", seen.active === true && seen.sub === me.id && seen.cnf.jkt.length === 43);
await oauth.tokenRevocation(app, fresh.refresh_token ?? tokens.refresh_token);
const gone = await oauth.tokenIntrospection(app, fresh.access_token);
note("revocation", gone.active === false && Object.keys(gone).length === 1);
const refused = await call(app, fresh.access_token, proof).then((each) => each.status, (fault) => fault.status);
note("a revoked token opens nothing", refused === 401);
const again = await oauth.refreshTokenGrant(app, tokens.refresh_token, undefined, { DPoP: proof }).catch((f) => f.error);
note("a revoked refresh token gives nothing", again === "invalid_grant");

const machine = await known(plan.machine);
const hand = oauth.getDPoPHandle(machine, await oauth.randomDPoPKeyPair("ES256"));
const own = await oauth.clientCredentialsGrant(machine, { scope: "ledger.read" }, { DPoP: hand });
const its = await (await call(machine, own.access_token, hand)).json();
note("client credentials", own.token_type === "dpop" && its.side === "machine");
const out = oauth.buildEndSessionUrl(app, { post_logout_redirect_uri: plan.app.left, id_token_hint: tokens.id_token });
note("logout page", (await fetch(out, { headers: { cookie: plan.person.cookie } })).status === 200);
console.log(JSON.stringify(done));

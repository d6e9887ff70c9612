// A certified OpenID provider that we did not write, in the place of a client's own: it knows Una and asks no questions.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const plan = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (part) => { text += part; if (text.endsWith("\n")) done(text); });
}));

const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const people = plan.people;

const provider = new Provider(issuer, {
  clients: [{ client_id: "goodterms", client_secret: plan.secret, redirect_uris: [plan.back], token_endpoint_auth_method: plan.method }],
  claims: { openid: ["sub"], email: ["email", "email_verified", "xms_edov"], profile: ["name", "tid", "oid", "preferred_username", "hd"] },
  conformIdTokenClaims: plan.conform,
  cookies: { keys: ["a key of this test"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});

async function answer(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  let result = { login: { accountId: plan.who } };
  if (prompt.name === "consent") {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid email profile");
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const handle = provider.callback();
server.on("request", (request, response) => {
  if (!request.url.startsWith("/interaction/")) return handle(request, response);
  return answer(request, response).catch((fault) => { response.statusCode = 500; response.end(String(fault)); });
});
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

// A real, certified OpenID Connect provider (oidc-provider) for the tests, on loopback.
//
// node provider.mjs PORT REDIRECT_URI...  It prints "ready", and ends with its standard input.
// People are told to it by PUT /people; whoever types a name at /login/ID is that person.
import Provider from "oidc-provider";

const [port, ...redirectUris] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
let people = {};

const client = (id) => ({
  client_id: id,
  client_secret: `${id}-secret-of-the-tests`,
  redirect_uris: redirectUris,
  grant_types: ["authorization_code"],
  response_types: ["code"],
});

const provider = new Provider(issuer, {
  clients: [client("access-portal"), client("another-application")],
  cookies: { keys: ["only for the tests"] },
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name", "preferred_username"],
    groups: ["groups"],
  },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
  findAccount: (ctx, name) =>
    people[name] && {
      accountId: name,
      claims: () => ({ sub: name, preferred_username: name, ...people[name] }),
    },
  // Nobody is asked for consent: the plant gave it for its own portal.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email profile groups");
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
});

const body = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
};

provider.use(async (ctx, next) => {
  if (ctx.path === "/people" && ctx.method === "PUT") {
    people = JSON.parse(await body(ctx.req));
    ctx.status = 204;
  } else if (ctx.path.startsWith("/login/") && ctx.method === "GET") {
    ctx.type = "html";
    ctx.body = `<!doctype html><html lang="en"><title>Provider of the tests</title>
      <h1>Provider of the tests</h1><form method="post"><label>Name <input name="name"></label>
      <button>Sign in</button></form></html>`;
  } else if (ctx.path.startsWith("/login/")) {
    const name = new URLSearchParams(await body(ctx.req)).get("name");
    const result = people[name]
      ? { login: { accountId: name } }
      : { error: "access_denied", error_description: "Nobody of this name." };
    await provider.interactionFinished(ctx.req, ctx.res, result);
    ctx.respond = false;
  } else {
    await next();
  }
});

provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();

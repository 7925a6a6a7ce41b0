// Logins in both modes, tokens that are renewed when they end, and the end of a login.
import { readMe, readProviders } from "@directus/sdk";
import { assert, browser, nobody, person, refused, run, server } from "./common.mjs";

const account = () => ({ email: server.email, password: server.password });
const whoami = readMe({ fields: ["email"] });

/** Storage that tells of all tokens that the client keeps. */
function watched() {
  let kept = null;
  let tell = () => {};
  return {
    get: () => kept,
    set: (value) => {
      kept = value;
      if (value?.access_token) tell(value);
    },
    next: () => new Promise((resolve) => (tell = resolve)),
  };
}

async function json() {
  const client = person("json", { msRefreshBeforeExpires: 0, autoRefresh: false });
  const issued = await client.login(account());
  assert.deepEqual(Object.keys(issued).sort(), ["access_token", "expires", "expires_at", "refresh_token"]);
  assert.equal((await client.request(whoami)).email, server.email);
  const { users_me } = await client.query("{ users_me { email } }", {}, "system");
  assert.equal(users_me.email, server.email);
  const renewed = await client.refresh();
  assert.notEqual(renewed.refresh_token, issued.refresh_token);
  assert.equal((await client.request(whoami)).email, server.email);
  await client.logout();
  assert.equal(await client.getToken(), null);
  await refused("INVALID_CREDENTIALS", client.request(whoami));
  const thief = person("json", { storage: { get: () => ({ refresh_token: renewed.refresh_token }), set: () => {} } });
  await refused("INVALID_CREDENTIALS", thief.refresh());
}

async function renewedByItself() {
  const storage = watched();
  const client = person("json", { storage, msRefreshBeforeExpires: 1500 });
  const { access_token, refresh_token, expires } = await client.login(account());
  assert.equal(expires, 2000);
  const next = await storage.next();
  assert.notEqual(next.refresh_token, refresh_token);
  client.stopRefreshing();
  assert.equal((await client.request(whoami)).email, server.email);
  // the first one ends meanwhile
  const old = person();
  await old.setToken(access_token);
  const deadline = Date.now() + 20_000;
  for (;;) {
    const error = await old.request(whoami).then(() => null, (reason) => reason);
    if (error) {
      assert.equal(error.errors[0].extensions.code, "TOKEN_EXPIRED");
      break;
    }
    assert.ok(Date.now() < deadline, "the access token did not end");
  }
  // nobody has renewed the second one: the next request does it before it asks
  assert.equal((await client.request(whoami)).email, server.email);
  client.stopRefreshing();
  await client.logout();
}

async function session() {
  const { fetch, cookies } = browser();
  const client = person("session", { credentials: "include" }, { globals: { fetch } });
  const issued = await client.login(account());
  assert.equal(issued.access_token, undefined);
  assert.equal(issued.refresh_token, undefined);
  assert.equal(cookies.size, 1);
  const first = [...cookies.values()][0];
  assert.equal((await client.request(whoami)).email, server.email);
  await client.refresh();
  assert.notEqual([...cookies.values()][0], first);
  assert.equal((await client.request(whoami)).email, server.email);
  const { users_me } = await client.query("{ users_me { email } }", {}, "system");
  assert.equal(users_me.email, server.email);
  await client.logout();
  assert.equal(cookies.size, 0);
  await refused("INVALID_CREDENTIALS", client.request(whoami));
}

async function cookie() {
  const { fetch, cookies } = browser();
  const client = person("cookie", { credentials: "include", autoRefresh: false }, { globals: { fetch } });
  const issued = await client.login(account());
  assert.ok(issued.access_token);
  assert.equal(issued.refresh_token, undefined);
  assert.equal((await client.request(whoami)).email, server.email);
  await client.refresh();
  await client.logout();
  assert.equal(cookies.size, 0);
}

run(async () => {
  assert.deepEqual(await nobody().request(readProviders()), []);
  await refused("INVALID_CREDENTIALS", person().login({ email: server.email, password: "another one" }));
  await json();
  await session();
  await cookie();
  await renewedByItself();
});

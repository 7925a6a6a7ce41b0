// What begins with a mail: an invitation, a registration, a forgotten password.
import {
  acceptUserInvite, createPolicy, createRole, deletePolicy, deleteRole, deleteUsers, inviteUser, passwordRequest,
  passwordReset, readMe, readUsers, registerUser, registerUserVerify, updateSettings, withOptions,
} from "@directus/sdk";
import { admin, assert, loggedIn, mail, nobody, refused, run } from "./common.mjs";

const client = admin();
const visitor = nobody();
// where it leads is a page of the app, which Node.js need not visit
const verify = (token) => withOptions(registerUserVerify(token), { redirect: "manual" });
const status = async (email) =>
  (await client.request(readUsers({ filter: { email: { _eq: email } }, fields: ["status"] })))[0]?.status;

async function invited(role) {
  await client.request(inviteUser("guest@example.org", role));
  assert.equal(await status("guest@example.org"), "invited");
  await refused("INVALID_CREDENTIALS", loggedIn("guest@example.org", "a password of the guest"));
  const { token } = await mail("guest@example.org");
  await assert.rejects(visitor.request(acceptUserInvite(`${token}x`, "a password of the guest")));
  await visitor.request(acceptUserInvite(token, "a password of the guest"));
  const guest = await loggedIn("guest@example.org", "a password of the guest");
  assert.equal((await guest.request(readMe({ fields: ["email"] }))).email, "guest@example.org");
  await assert.rejects(visitor.request(acceptUserInvite(token, "a password of a thief")), "an invitation counts twice");
}

async function registered(role) {
  await refused("FORBIDDEN", visitor.request(registerUser("new@example.org", "a password of the new one")));
  await client.request(updateSettings({
    public_registration: true, public_registration_verify_email: true, public_registration_role: role,
  }));
  await visitor.request(registerUser("new@example.org", "a password of the new one", { first_name: "New" }));
  assert.equal(await status("new@example.org"), "unverified");
  await refused("INVALID_CREDENTIALS", loggedIn("new@example.org", "a password of the new one"));
  const { token } = await mail("new@example.org");
  await visitor.request(verify(token));
  assert.equal(await status("new@example.org"), "active");
  const somebody = await loggedIn("new@example.org", "a password of the new one");
  assert.equal((await somebody.request(readMe({ fields: ["first_name"] }))).first_name, "New");
  await client.request(updateSettings({ public_registration: false }));
}

async function forgotten() {
  await visitor.request(passwordRequest("nobody@example.org"));
  await visitor.request(passwordRequest("guest@example.org"));
  const { token } = await mail("guest@example.org");
  await visitor.request(passwordReset(token, "another password of the guest"));
  await refused("INVALID_CREDENTIALS", loggedIn("guest@example.org", "a password of the guest"));
  await loggedIn("guest@example.org", "another password of the guest");
  await assert.rejects(visitor.request(passwordReset(token, "a password of a thief")), "a link counts twice");
}

run(async () => {
  const role = await client.request(createRole({ name: "Guests" }));
  const policy = await client.request(createPolicy({ name: "Guests", app_access: true, roles: [{ role: role.id }] }));
  await invited(role.id);
  await registered(role.id);
  await forgotten();
  const made = await client.request(readUsers({ filter: { role: { _eq: role.id } }, fields: ["id"] }));
  await client.request(updateSettings({ public_registration_role: null }));
  await client.request(deleteUsers(made.map((each) => each.id)));
  await client.request(deletePolicy(policy.id));
  await client.request(deleteRole(role.id));
});

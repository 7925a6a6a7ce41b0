// Users, roles, policies and rights, by an administrator and by somebody who has few.
import {
  createPermission, createPolicy, createRole, createUser, createUsers, deletePolicy, deleteRole, deleteUser, deleteUsers,
  readItemPermissions, readMe, readPermissions, readPolicies, readPolicyGlobals, readRole, readRoles, readRolesMe,
  readUser, readUserPermissions, readUsers, updateMe, updatePolicy, updateRole, updateUser, updateUsers,
  updateUsersBatch,
} from "@directus/sdk";
import { admin, assert, loggedIn, refused, run, server } from "./common.mjs";

const client = admin();
const PASSWORD = "a password of Ada's own";

run(async () => {
  const role = await client.request(createRole({ name: "Writers", icon: "edit" }));
  await client.request(updateRole(role.id, { description: "who writes" }));
  assert.equal((await client.request(readRole(role.id))).description, "who writes");
  assert.ok((await client.request(readRoles({ fields: ["name"] }))).some((each) => each.name === "Writers"));
  const policy = await client.request(createPolicy({
    name: "Writing", app_access: true, roles: [{ role: role.id }],
    permissions: [{ collection: "directus_roles", action: "read", fields: ["id", "name"], permissions: {} }],
  }));
  await client.request(updatePolicy(policy.id, { description: "what they may" }));
  assert.ok((await client.request(readPolicies())).some((each) => each.description === "what they may"));
  await client.request(createPermission({
    policy: policy.id, collection: "directus_users", action: "read", fields: ["id", "email", "first_name", "role"],
    permissions: { id: { _eq: "$CURRENT_USER" } }, validation: null, presets: null,
  }));
  await client.request(createPermission({
    policy: policy.id, collection: "directus_users", action: "update", fields: ["first_name", "password"],
    permissions: { id: { _eq: "$CURRENT_USER" } }, validation: null, presets: null,
  }));
  assert.equal((await client.request(readPermissions({ filter: { policy: { _eq: policy.id } } }))).length, 3);

  const ada = await client.request(createUser({ email: "ada@example.org", password: PASSWORD, role: role.id }));
  assert.match(ada.password, /^\*+$/);
  const others = await client.request(createUsers([{ email: "bob@example.org" }, { email: "eve@example.org" }]));
  await client.request(updateUser(ada.id, { first_name: "Ada", last_name: "L." }));
  await client.request(updateUsers(others.map((each) => each.id), { title: "guest" }));
  const batch = others.map(({ id, email }) => ({ id, description: email }));
  assert.equal((await client.request(updateUsersBatch(batch))).length, 2);
  const guests = await client.request(readUsers({ filter: { title: { _eq: "guest" } }, fields: ["email"], sort: ["email"] }));
  assert.deepEqual(guests, [{ email: "bob@example.org" }, { email: "eve@example.org" }]);
  assert.equal((await client.request(readUser(ada.id, { fields: ["last_name"] }))).last_name, "L.");
  await refused("RECORD_NOT_UNIQUE", client.request(createUser({ email: "ada@example.org" })));

  const herself = await loggedIn("ada@example.org", PASSWORD);
  assert.deepEqual(await herself.request(readMe({ fields: ["email", "first_name", { role: ["name"] }] })), {
    email: "ada@example.org", first_name: "Ada", role: { name: "Writers" },
  });
  assert.equal((await herself.request(updateMe({ first_name: "Augusta" }, { fields: ["first_name"] }))).first_name, "Augusta");
  await refused("FORBIDDEN", herself.request(updateMe({ role: null })));
  await refused("FORBIDDEN", herself.request(createUser({ email: "mallory@example.org" })));
  assert.deepEqual(await herself.request(readPolicyGlobals()), { app_access: true, admin_access: false, enforce_tfa: false });
  assert.deepEqual((await herself.request(readRolesMe({ fields: ["name"] }))).map((each) => each.name ?? each), ["Writers"]);
  const rights = await herself.request(readUserPermissions());
  assert.equal(rights.directus_users.update.access, "partial");
  assert.equal(rights.directus_users.create.access, "none");
  assert.equal((await herself.request(readItemPermissions("directus_users", ada.id))).update.access, true);
  assert.equal((await herself.request(readItemPermissions("directus_users", others[0].id))).update.access, false);
  await herself.request(updateMe({ password: `${PASSWORD}, changed` }));
  await refused("INVALID_CREDENTIALS", loggedIn("ada@example.org", PASSWORD));
  const again = await loggedIn("ada@example.org", `${PASSWORD}, changed`);
  await client.request(updateUser(ada.id, { status: "suspended" }));
  await assert.rejects(again.request(readMe()));
  await refused("INVALID_CREDENTIALS", loggedIn("ada@example.org", `${PASSWORD}, changed`));

  const [chief] = await client.request(readUsers({ filter: { email: { _eq: server.email } }, fields: ["id"] }));
  await assert.rejects(client.request(deleteUser(chief.id)), "the last administrator was deleted");
  await assert.rejects(client.request(updateUser(chief.id, { status: "suspended" })), "the last administrator was suspended");

  assert.equal(await client.request(deleteUser(ada.id)), null);
  await client.request(deleteUsers(others.map((each) => each.id)));
  await client.request(deletePolicy(policy.id));
  await client.request(deleteRole(role.id));
});

// What the server tells of itself, and small services.
import {
  clearCache, readActivities, readGraphqlSdl, readOpenApiSpec, readRevisions, readSettings, randomString,
  schemaDiff, schemaSnapshot, serverHealth, serverInfo, serverPing, updateSettings, createPreset, readPresets,
  updatePreset, deletePreset,
} from "@directus/sdk";
import { admin, assert, nobody, run } from "./common.mjs";

const client = admin();

run(async () => {
  assert.equal(await nobody().request(serverPing()), "pong");
  assert.ok((await nobody().request(serverInfo())).project.project_name);
  const info = await client.request(serverInfo());
  assert.equal(typeof info.version, "string");
  assert.ok(info.queryLimit.default > 0);
  const health = await client.request(serverHealth());
  assert.ok(["ok", "warn"].includes(health.status), JSON.stringify(health));
  assert.match((await client.request(readOpenApiSpec())).openapi, /^3\./);
  const sdl = await client.request(readGraphqlSdl("system"));
  assert.match(typeof sdl === "string" ? sdl : await sdl.text(), /type Mutation/);
  assert.equal((await client.request(randomString(20))).length, 20);
  assert.equal((await client.request(randomString())).length, 32);
  await client.request(clearCache());

  const name = (await client.request(readSettings())).project_name;
  assert.equal((await client.request(updateSettings({ project_name: "By the SDK" }))).project_name, "By the SDK");
  assert.equal((await nobody().request(serverInfo())).project.project_name, "By the SDK");
  await client.request(updateSettings({ project_name: name }));
  const preset = await client.request(createPreset({ collection: "directus_users", bookmark: "Mine" }));
  await client.request(updatePreset(preset.id, { bookmark: "Ours" }));
  assert.equal((await client.request(readPresets({ filter: { bookmark: { _eq: "Ours" } } }))).length, 1);
  await client.request(deletePreset(preset.id));
  const activities = await client.request(readActivities({ sort: ["-id"], limit: 1, fields: ["action", "collection"] }));
  // presets are everybody's own and leave no history
  assert.deepEqual(activities, [{ action: "update", collection: "directus_settings" }]);
  assert.ok((await client.request(readRevisions({ limit: 1 }))).length <= 1);

  const snapshot = await client.request(schemaSnapshot());
  assert.equal(snapshot.version, 1);
  // 204: there is no difference
  assert.equal(await client.request(schemaDiff(snapshot)), null);
});

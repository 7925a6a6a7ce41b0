// Files: uploaded, described, shown smaller, taken from elsewhere, held by items and users; and their folders.
import { createServer } from "node:http";
import { deflateSync } from "node:zlib";
import {
  createCollection, createField, createFolder, createFolders, createItem, createRelation, deleteCollection, deleteFile,
  deleteFiles, deleteFolder, deleteFolders, downloadFilesZip, downloadFolderZip, importFile, readAssetArrayBuffer,
  readAssetBlob, readAssetRaw, readFile, readFiles, readFolder, readFolders, readItem, readMe,
  updateFile, updateFiles, updateFilesBatch, updateFolder, updateFolders, updateItem, updateMe, uploadFiles,
} from "@directus/sdk";
import { admin, assert, nobody, refused, run, server } from "./common.mjs";

const client = admin();

/** The sum that PNG checks its chunks with. */
function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** A PNG of one colour. */
function png(width, height, [red, green, blue]) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([red, green, blue]))]);
  const lines = deflateSync(Buffer.concat(Array(height).fill(line)));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", lines), chunk("IEND", Buffer.alloc(0))]);
}

/** [width, height] of a PNG. */
const sizeOf = (bytes) => {
  const buffer = Buffer.from(bytes);
  assert.equal(buffer.toString("latin1", 1, 4), "PNG");
  return [buffer.readUInt32BE(16), buffer.readUInt32BE(20)];
};

/** Fields come before the files they are about. */
function form(files, fields = {}) {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) made.append(name, value);
  for (const [name, bytes, type] of files) made.append("file", new Blob([bytes], { type }), name);
  return made;
}

const red = png(40, 30, [200, 0, 0]);
const blue = png(60, 20, [0, 0, 200]);

async function bytesOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function uploads() {
  const folder = await client.request(createFolder({ name: "Pictures" }));
  const picture = await client.request(uploadFiles(
    form([["grün & rot.png", red, "image/png"]], { title: "A picture", folder: folder.id, tags: JSON.stringify(["one", "two"]) }),
  ));
  assert.deepEqual(
    [picture.title, picture.type, picture.width, picture.height, Number(picture.filesize), picture.folder, picture.tags],
    ["A picture", "image/png", 40, 30, red.length, folder.id, ["one", "two"]],
  );
  assert.equal(picture.filename_download, "grün & rot.png");
  const texts = await client.request(uploadFiles(
    form([["one.txt", "one", "text/plain"], ["some-long_name.txt", "two", "text/plain"]]), { fields: ["id", "title", "type"] },
  ));
  texts.sort((one, two) => one.title.localeCompare(two.title));
  assert.deepEqual(texts.map(({ title, type }) => [title, type]), [["One", "text/plain"], ["Some Long Name", "text/plain"]]);

  const found = await client.request(readFiles({
    filter: { folder: { _eq: folder.id } }, fields: ["id", { folder: ["name"], uploaded_by: ["email"] }],
  }));
  assert.deepEqual(found, [{ id: picture.id, folder: { name: "Pictures" }, uploaded_by: { email: server.email } }]);
  assert.equal((await client.request(readFile(picture.id, { fields: ["title"] }))).title, "A picture");

  const described = await client.request(updateFile(picture.id, { description: "red", focal_point_x: 3 }, { fields: ["description", "filesize"] }));
  assert.deepEqual([described.description, Number(described.filesize)], ["red", red.length]);
  const replaced = await client.request(updateFile(picture.id, form([["blue.png", blue, "image/png"]])));
  assert.deepEqual([replaced.id, replaced.width, replaced.height, replaced.title], [picture.id, 60, 20, "A picture"]);
  assert.deepEqual(Buffer.from(await client.request(readAssetArrayBuffer(picture.id))), blue);

  const keys = texts.map(({ id }) => id);
  assert.equal((await client.request(updateFiles(keys, { description: "text" }))).length, 2);
  const batch = keys.map((id, place) => ({ id, title: `Text ${place}` }));
  assert.deepEqual((await client.request(updateFilesBatch(batch, { fields: ["title"] }))).map(({ title }) => title).sort(), ["Text 0", "Text 1"]);
  await refused("FORBIDDEN", nobody().request(uploadFiles(form([["no.txt", "no", "text/plain"]]))));
  await refused("FORBIDDEN", nobody().request(readFile(picture.id)));
  return { folder, picture, texts: keys };
}

async function assets({ folder, picture, texts }) {
  assert.deepEqual(await bytesOf(await client.request(readAssetRaw(picture.id))), blue);
  const blob = await client.request(readAssetBlob(picture.id, { download: true }));
  assert.deepEqual([blob.size, blob.type], [blue.length, "image/png"]);
  const small = await client.request(readAssetArrayBuffer(picture.id, { width: 30 }));
  assert.deepEqual(sizeOf(small), [30, 10]);
  const cut = await client.request(readAssetBlob(picture.id, { width: 10, height: 10, fit: "cover", format: "png", quality: 50 }));
  assert.equal(cut.type, "image/png");
  assert.deepEqual(sizeOf(await cut.arrayBuffer()), [10, 10]);
  const webp = await client.request(readAssetBlob(picture.id, { key: "system-small-cover" }));
  assert.match(webp.type, /^image\//);
  const turned = await client.request(readAssetArrayBuffer(picture.id, { transforms: [["rotate", 90], ["toFormat", "png"]] }));
  assert.deepEqual(sizeOf(turned), [20, 60]);
  await assert.rejects(client.request(readAssetRaw(picture.id, { width: -1 })));
  await refused("FORBIDDEN", nobody().request(readAssetRaw(picture.id)));

  const zipped = Buffer.from(await client.request(downloadFilesZip([picture.id, ...texts], { output: "arrayBuffer" })));
  assert.equal(zipped.toString("latin1", 0, 2), "PK");
  assert.ok(["blue.png", "one.txt", "some-long_name.txt"].every((name) => zipped.includes(name)));
  const together = await client.request(downloadFolderZip(folder.id, { output: "blob" }));
  assert.equal(Buffer.from(await together.arrayBuffer()).toString("latin1", 0, 2), "PK");
}

async function imported() {
  const elsewhere = createServer((request, response) => {
    response.writeHead(request.url === "/gone.png" ? 404 : 200, { "Content-Type": "image/png" });
    response.end(red);
  });
  await new Promise((done) => elsewhere.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${elsewhere.address().port}`;
  try {
    const file = await client.request(importFile(`${url}/far%20away.png`, { title: "From elsewhere", tags: ["far"] }));
    assert.deepEqual(
      [file.title, file.type, file.width, Number(file.filesize), file.tags],
      ["From elsewhere", "image/png", 40, red.length, ["far"]],
    );
    assert.deepEqual(Buffer.from(await client.request(readAssetArrayBuffer(file.id))), red);
    await refused("SERVICE_UNAVAILABLE", client.request(importFile(`${url}/gone.png`)));
    await client.request(deleteFile(file.id));
  } finally {
    elsewhere.close();
  }
}

/** A file field and a field of many files, as the app makes them. */
async function items({ picture, texts }) {
  const key = { field: "id", type: "integer", meta: { hidden: true }, schema: { is_primary_key: true, has_auto_increment: true } };
  const hidden = (field, type) => ({ field, type, meta: { hidden: true }, schema: {} });
  await client.request(createCollection({
    collection: "sdk_pages", schema: {}, meta: {},
    fields: [key, { field: "cover", type: "uuid", meta: { interface: "file-image", special: ["file"] }, schema: {} }],
  }));
  await client.request(createRelation({
    collection: "sdk_pages", field: "cover", related_collection: "directus_files", schema: { on_delete: "SET NULL" },
  }));
  await client.request(createCollection({
    collection: "sdk_pages_files", schema: {}, meta: { hidden: true },
    fields: [key, hidden("sdk_pages_id", "integer"), hidden("directus_files_id", "uuid")],
  }));
  await client.request(createField("sdk_pages", { field: "files", type: "alias", meta: { interface: "files", special: ["files"] } }));
  await client.request(createRelation({
    collection: "sdk_pages_files", field: "sdk_pages_id", related_collection: "sdk_pages",
    meta: { one_field: "files", junction_field: "directus_files_id" }, schema: { on_delete: "SET NULL" },
  }));
  await client.request(createRelation({
    collection: "sdk_pages_files", field: "directus_files_id", related_collection: "directus_files",
    meta: { junction_field: "sdk_pages_id" }, schema: { on_delete: "SET NULL" },
  }));
  const page = await client.request(createItem("sdk_pages", {
    cover: picture.id, files: texts.map((id) => ({ directus_files_id: id })),
  }));
  const fields = ["id", { cover: ["title", "width"], files: ["id", { directus_files_id: ["id"] }] }];
  const read = await client.request(readItem("sdk_pages", page.id, { fields }));
  assert.deepEqual(read.cover, { title: "A picture", width: 60 });
  assert.deepEqual(read.files.map((each) => each.directus_files_id.id).sort(), [...texts].sort());
  const taken = read.files.find((each) => each.directus_files_id.id === texts[0]);
  await client.request(updateItem("sdk_pages", page.id, { files: { create: [], update: [], delete: [taken.id] } }));
  const byGraphql = await client.query(`{ sdk_pages { cover { id filename_download } files { directus_files_id { id } } } }`);
  assert.deepEqual(byGraphql.sdk_pages, [
    { cover: { id: picture.id, filename_download: "blue.png" }, files: [{ directus_files_id: { id: texts[1] } }] },
  ]);
  return page;
}

async function avatar({ picture }) {
  await client.request(updateMe({ avatar: picture.id }));
  const me = await client.request(readMe({ fields: [{ avatar: ["id", "title"] }] }));
  assert.deepEqual(me, { avatar: { id: picture.id, title: "A picture" } });
}

async function folders({ folder }) {
  const made = await client.request(createFolders([{ name: "Inner", parent: folder.id }, { name: "Other" }]));
  const [inner, other] = made.sort((one, two) => one.name.localeCompare(two.name));
  await client.request(updateFolder(other.id, { name: "Another" }));
  assert.equal((await client.request(readFolder(other.id))).name, "Another");
  await client.request(updateFolders([other.id], { parent: folder.id }));
  const below = await client.request(readFolders({ filter: { parent: { name: { _eq: "Pictures" } } }, sort: ["name"], fields: ["name"] }));
  assert.deepEqual(below.map(({ name }) => name), ["Another", "Inner"]);
  await client.request(deleteFolders([inner.id, other.id]));
}

async function away({ folder, picture, texts }, page) {
  await client.request(deleteFiles(texts));
  await client.request(deleteFile(picture.id));
  const left = await client.request(readItem("sdk_pages", page.id, { fields: ["cover"] }));
  assert.deepEqual(left, { cover: null });
  assert.deepEqual(await client.request(readMe({ fields: [{ avatar: ["id"] }] })), { avatar: null });
  await refused("FORBIDDEN", client.request(readAssetRaw(picture.id)));
  await client.request(deleteFolder(folder.id));
  await refused("FORBIDDEN", client.request(readFolder(folder.id)));
  for (const name of ["sdk_pages_files", "sdk_pages"]) await client.request(deleteCollection(name));
}

run(async () => {
  const made = await uploads();
  await assets(made);
  await imported();
  const page = await items(made);
  await avatar(made);
  await folders(made);
  await away(made, page);
});

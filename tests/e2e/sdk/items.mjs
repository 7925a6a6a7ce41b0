// Tables are made, items of several of them written and read in one request, by REST and by GraphQL.
import {
  aggregate, createCollection, createField, createItem, createItems, createRelation, deleteCollection, deleteItem,
  deleteItems, readCollections, readFieldsByCollection, readItem, readItems, readRelations, readSingleton, updateItem,
  updateItems, updateItemsBatch, updateSingleton, utilitySort, withSearch,
} from "@directus/sdk";
import { admin, assert, nobody, refused, run } from "./common.mjs";

const client = admin();
const key = {
  field: "id", type: "integer", meta: { hidden: true }, schema: { is_primary_key: true, has_auto_increment: true },
};
const text = (field) => ({ field, type: "string", meta: {}, schema: {} });

async function structure() {
  await client.request(createCollection({ collection: "sdk_authors", schema: {}, meta: {}, fields: [key, text("name")] }));
  await client.request(createCollection({
    collection: "sdk_posts", schema: {}, meta: { sort_field: "place" },
    fields: [key, text("title"), { field: "place", type: "integer", meta: {}, schema: {} },
      { field: "data", type: "json", meta: { special: ["cast-json"] }, schema: {} }],
  }));
  await client.request(createCollection({
    collection: "sdk_home", schema: {}, meta: { singleton: true }, fields: [key, text("motto")],
  }));
  await client.request(createField("sdk_posts", { field: "author", type: "integer", meta: { special: ["m2o"] }, schema: {} }));
  await client.request(createField("sdk_authors", { field: "posts", type: "alias", meta: { special: ["o2m"] } }));
  await client.request(createRelation({
    collection: "sdk_posts", field: "author", related_collection: "sdk_authors", meta: { one_field: "posts" },
    schema: { on_delete: "SET NULL" },
  }));
  const collections = (await client.request(readCollections())).map((each) => each.collection);
  assert.ok(["sdk_authors", "sdk_home", "sdk_posts"].every((each) => collections.includes(each)));
  const fields = await client.request(readFieldsByCollection("sdk_posts"));
  assert.deepEqual(fields.map((each) => each.field).sort(), ["author", "data", "id", "place", "title"]);
  const relations = await client.request(readRelations());
  assert.ok(relations.some((each) => each.collection === "sdk_posts" && each.related_collection === "sdk_authors"));
}

async function items() {
  const ada = await client.request(createItem(
    "sdk_authors",
    { name: "Ada", posts: [{ title: "One", data: { n: [1] } }, { title: "Two" }] },
    { fields: ["id", "name", { posts: ["id", "title", "data"] }] },
  ));
  assert.deepEqual(ada.posts.map((each) => [each.title, each.data]), [["One", { n: [1] }], ["Two", null]]);
  const [one, two] = ada.posts.map((each) => each.id);
  const made = await client.request(createItems("sdk_posts", [{ title: "Three", author: { name: "Bob" } }, { title: "Four" }]));
  assert.equal(made.length, 2);

  const found = await client.request(readItems("sdk_posts", {
    fields: ["title", { author: ["name"] }],
    filter: { _or: [{ author: { name: { _eq: "Ada" } } }, { title: { _starts_with: "Th" } }] },
    sort: ["-title"], limit: 2, offset: 1,
  }));
  assert.deepEqual(found, [{ title: "Three", author: { name: "Bob" } }, { title: "One", author: { name: "Ada" } }]);
  const deep = { deep: { posts: { _filter: { title: { _eq: "Two" } }, _limit: 1 } } };
  const read = await client.request(readItem("sdk_authors", ada.id, { fields: ["name", { posts: ["title"] }], ...deep }));
  assert.deepEqual(read, { name: "Ada", posts: [{ title: "Two" }] });
  const searched = await client.request(withSearch(readItems("sdk_posts", { fields: ["title"], filter: { id: { _eq: one } } })));
  assert.deepEqual(searched, [{ title: "One" }]);
  const counted = await client.request(aggregate("sdk_posts", { aggregate: { count: "*" }, groupBy: ["author"] }));
  assert.deepEqual(counted.map((each) => Number(each.count)).sort(), [1, 1, 2]);

  const changed = await client.request(updateItem(
    "sdk_authors", ada.id, { posts: { create: [{ title: "Five" }], update: [{ id: one, title: "First" }], delete: [two] } },
    { fields: ["*", { posts: ["title"] }] },
  ));
  assert.deepEqual(changed.posts.map((each) => each.title).sort(), ["First", "Five"]);
  const ids = made.map((each) => each.id);
  const many = await client.request(updateItems("sdk_posts", ids, { data: { seen: true } }, { fields: ["data"] }));
  assert.deepEqual(many, [{ data: { seen: true } }, { data: { seen: true } }]);
  const batch = await client.request(updateItemsBatch("sdk_posts", ids.map((id) => ({ id, title: `no. ${id}` })), { fields: ["title"] }));
  assert.deepEqual(batch.map((each) => each.title), ids.map((id) => `no. ${id}`));
  await client.request(utilitySort("sdk_posts", ids[1], ids[0]));
  await client.request(updateSingleton("sdk_home", { motto: "Onwards" }));
  assert.equal((await client.request(readSingleton("sdk_home"))).motto, "Onwards");

  assert.equal(await client.request(deleteItem("sdk_posts", one)), null);
  await client.request(deleteItems("sdk_posts", ids));
  await refused("FORBIDDEN", client.request(readItem("sdk_posts", one)));
  await refused("FORBIDDEN", nobody().request(readItems("sdk_posts")));
  await refused("INVALID_QUERY", client.request(readItems("sdk_posts", { filter: { title: { _nonsense: 1 } } })));
}

async function byGraphql() {
  const made = await client.query(
    "mutation ($data: create_sdk_posts_input!) { create_sdk_posts_item(data: $data) { id author { name } } }",
    { data: { title: "By GraphQL", author: { name: "Eve" } } },
  );
  assert.equal(made.create_sdk_posts_item.author.name, "Eve");
  const { id } = made.create_sdk_posts_item;
  const read = await client.query("query ($id: ID!) { sdk_posts_by_id(id: $id) { title author { posts { id } } } }", { id });
  assert.deepEqual(read, { sdk_posts_by_id: { title: "By GraphQL", author: { posts: [{ id }] } } });
  const changed = await client.query(`mutation { update_sdk_posts_item(id: ${id}, data: { title: "Other" }) { title } }`);
  assert.deepEqual(changed, { update_sdk_posts_item: { title: "Other" } });
  const gone = await client.query(`mutation { delete_sdk_posts_item(id: ${id}) { id } }`);
  assert.deepEqual(gone, { delete_sdk_posts_item: { id } });
  await refused("GRAPHQL_VALIDATION", client.query("{ sdk_nothing { id } }"));
}

run(async () => {
  await structure();
  await items();
  await byGraphql();
  for (const name of ["sdk_posts", "sdk_authors", "sdk_home"]) await client.request(deleteCollection(name));
  await refused("FORBIDDEN", client.request(readItems("sdk_posts")));
});

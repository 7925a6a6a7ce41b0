import { aggregate, createDirectus, createItem, readItems, readMe, readSingleton, rest, updateItem } from "@directus/sdk";
import type { Schema } from "./schema.js";

const client = createDirectus<Schema>("http://localhost").with(rest());

export async function used(): Promise<void> {
  const articles = await client.request(
    readItems("articles", {
      fields: [
        "id",
        "title",
        "keywords",
        "published_at",
        { author: ["name"], cover: ["id"], tags: ["id", { tags_id: ["name"] }] },
        { blocks: ["id", { item: { block_headings: ["text"], block_quotes: ["source"] } }] },
      ],
      filter: { status: { _eq: "published" }, author: { name: { _contains: "a" } } },
      sort: ["-published_at"],
      limit: 3,
    }),
  );
  for (const article of articles) {
    const title: string = article.title;
    const keywords: string[] | null = article.keywords;
    const moment: string | null = article.published_at;
    const author: string | undefined = article.author?.name;
    const tags: number[] | undefined = article.tags?.map((tag) => tag.id);
    console.log(title, keywords, moment, author, tags);
  }
  const home = await client.request(readSingleton("homepage"));
  const title: string = home.title;
  await client.request(createItem("articles", { title, slug: "x", status: "draft", author: 1 }));
  await client.request(updateItem("articles", 1, { tags: [{ tags_id: 1 }] }));
  await client.request(aggregate("articles", { aggregate: { count: "*" }, groupBy: ["status"] }));
  await client.request(readMe({ fields: ["id"] }));
  // @ts-expect-error a status that there is not
  await client.request(readItems("articles", { filter: { status: { _eq: "nope" } } }));
  // @ts-expect-error a field that there is not
  await client.request(readItems("articles", { fields: ["nope"] }));
  // @ts-expect-error a collection that there is not
  await client.request(readItems("nope"));
  // @ts-expect-error a singleton has no list
  await client.request(readItems("homepage"));
}

// What the scripts share: clients, the mailbox of the test that runs them, and words for what must fail.
//
//     run(async () => { ... });      ends the process: 0, or 1 with what the SDK said
//
// The argument of the process is {"url": ..., "token": ..., "email": ..., "password": ...} of the administrator.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { authentication, createDirectus, graphql, rest, staticToken } from "@directus/sdk";

export { assert };
export const server = JSON.parse(process.argv[2]);

export const admin = () => createDirectus(server.url).with(staticToken(server.token)).with(rest()).with(graphql());
export const nobody = () => createDirectus(server.url).with(rest()).with(graphql());

/** Somebody who has no tokens yet. */
export const person = (mode = "json", config = {}, options = {}) =>
  createDirectus(server.url, options).with(authentication(mode, config)).with(rest()).with(graphql());

export async function loggedIn(email, password, otp) {
  const client = person();
  await client.login({ email, password }, otp === undefined ? {} : { otp });
  return client;
}

/** `fetch` with the cookies of one server, which Node.js does not keep. */
export function browser() {
  const cookies = new Map();
  const fetchWithCookies = async (input, init = {}) => {
    const headers = { ...init.headers };
    if (cookies.size > 0) headers.Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const [name, value] = pair.split(/=(.*)/s);
      const age = attributes.find((each) => /^max-age=/i.test(each))?.slice(8);
      const ends = attributes.find((each) => /^expires=/i.test(each))?.slice(8);
      if (value === "" || age === "0" || (ends && Date.parse(ends) <= Date.now())) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return { fetch: fetchWithCookies, cookies };
}

/** That it is refused with this code. */
export async function refused(code, asked) {
  await assert.rejects(asked, (error) => {
    assert.equal(error.errors?.[0]?.extensions?.code, code, told(error));
    return true;
  });
}

/** The one-time code of the half minute that is `steps` from now. */
export function code(secret, steps = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", key).update(counter).digest();
  const place = digest[19] & 15;
  return String((digest.readUInt32BE(place) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Not at the end of a half minute, so that codes of the ones around it stay what they are for a while. */
export async function freshHalfMinute() {
  const left = 30_000 - (Date.now() % 30_000);
  if (left < 5_000) await new Promise((done) => setTimeout(done, left));
}

let lines;

/** The next mail to this address: {subject, text, html, token}. */
export async function mail(address) {
  lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write(`${JSON.stringify({ mail: address })}\n`);
  return JSON.parse((await lines.next()).value);
}

function told(error) {
  const said = { status: error.response?.status, errors: error.errors };
  return `${error.stack ?? error.message}\n${JSON.stringify(said, null, 1)}`;
}

export async function run(script) {
  try {
    await script();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${told(error)}\n`, () => process.exit(1));
  }
}

// A second factor is set up with an app, asked for at each login, and taken away.
import { createUser, deleteUser, disableTwoFactor, enableTwoFactor, generateTwoFactorSecret, readMe } from "@directus/sdk";
import { admin, assert, code, freshHalfMinute, loggedIn, refused, run } from "./common.mjs";

const EMAIL = "two@example.org";
const PASSWORD = "a password of two factors";

run(async () => {
  const user = await admin().request(createUser({ email: EMAIL, password: PASSWORD }));
  const client = await loggedIn(EMAIL, PASSWORD);
  await refused("INVALID_CREDENTIALS", client.request(generateTwoFactorSecret("another password")));
  const { secret, otpauth_url } = await client.request(generateTwoFactorSecret(PASSWORD));
  assert.match(otpauth_url, new RegExp(`^otpauth://totp/.*secret=${secret}`));
  await refused("INVALID_PAYLOAD", client.request(enableTwoFactor(secret, "000000")));
  // no code is good twice: each step has the code of another half minute
  await freshHalfMinute();
  await client.request(enableTwoFactor(secret, code(secret, -1)));
  await refused("INVALID_OTP", loggedIn(EMAIL, PASSWORD));
  await refused("INVALID_OTP", loggedIn(EMAIL, PASSWORD, "000000"));
  const again = await loggedIn(EMAIL, PASSWORD, code(secret));
  assert.equal((await again.request(readMe())).id, user.id);
  await refused("INVALID_PAYLOAD", again.request(disableTwoFactor("000000")));
  await again.request(disableTwoFactor(code(secret, 1)));
  await loggedIn(EMAIL, PASSWORD);
  await admin().request(deleteUser(user.id));
});

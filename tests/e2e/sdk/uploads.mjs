// Uploads with tus-js-client that are interrupted in the middle, and go on from the address that was stored.
//
//     node uploads.mjs '{"url": ..., "token": ..., "file": ..., "addresses": ...}' leaving | staying
//
// "leaving": the client gives up and another one goes on. "staying": a line on standard output asks for the
// server to be interrupted, and the client tries again by itself. The last line tells the id of the
// file, and from where the upload went on.
import { createReadStream } from "node:fs";
import { FileUrlStorage, Upload } from "tus-js-client";

const { url, token, file, addresses } = JSON.parse(process.argv[2]);
const staying = process.argv[3] === "staying";

function upload(options) {
  return new Promise((resolve, reject) => {
    const made = new Upload(createReadStream(file), {
      endpoint: `${url}/files/tus`,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename_download: "large.bin", type: "application/octet-stream", title: process.argv[3] },
      urlStorage: new FileUrlStorage(addresses),
      ...(staying ? { retryDelays: Array(200).fill(50) } : {}),
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader("Directus-File-Id")),
      ...options(() => made, resolve),
    });
    made.findPreviousUploads().then(([previous]) => {
      if (previous) made.resumeFromPreviousUpload(previous);
      made.start();
    }, reject);
  });
}

let asked = false;
const inTheMiddle = (act) => (sent, total) => {
  if (asked || sent < total / 2) return;
  asked = true;
  act();
};

if (!staying) {
  await upload((made, resolve) => ({
    onProgress: inTheMiddle(() => made().abort().then(resolve)),
  }));
}
let offset = null;
const id = await upload(() => ({
  ...(staying ? { onProgress: inTheMiddle(() => console.log("interrupt")) } : {}),
  onAfterResponse: (request, response) => {
    // what the server still had when it was asked
    if (request.getMethod() === "HEAD") offset = Number(response.getHeader("Upload-Offset"));
  },
}));
console.log(JSON.stringify({ id, offset }));
process.exit(0);

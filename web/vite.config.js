// Builds the explorer into the gateway package. Addresses in the page are relative ("./assets/..."): the server
// knows where it is mounted and puts that in their place (gateway/explorer.py). Beside each file stands its
// compressed form, which the server sends to those who take it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const OUT = "../gateway/static/graphiql";

function compressed() {
  return {
    name: "compressed",
    closeBundle() {
      const assets = join(import.meta.dirname, OUT, "assets");
      for (const name of readdirSync(assets).filter((name) => !name.endsWith(".gz"))) {
        const file = join(assets, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

// The licences of all that is in the bundle, as they ask to be passed on.
function licences() {
  const packages = new Map();
  return {
    name: "licences",
    moduleParsed({ id }) {
      if (!id.includes("/node_modules/")) return;
      let directory = dirname(id.replace(/^\0/, "").replace(/\?.*$/, ""));
      const named = () => existsSync(join(directory, "package.json")) && facts(directory).name;
      while (directory.includes("/node_modules/") && !named()) directory = dirname(directory);
      if (named()) packages.set(facts(directory).name, directory);
    },
    generateBundle() {
      const texts = [...packages].sort().map(([name, directory]) => {
        const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
        const { version, license } = facts(directory);
        const text = file ? readFileSync(join(directory, file), "utf8").trim() : `Licence: ${license}`;
        return `${name} ${version}\n\n${text}\n`;
      });
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: texts.join("\n----\n\n") });
    },
  };
}

function facts(directory) {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

export default defineConfig({
  base: "./",
  plugins: [licences(), compressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    // inlined files would need data: in the content security policy of scripts and styles
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 8000,
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: {
      onwarn(warning, warn) {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  worker: { format: "es" },
});

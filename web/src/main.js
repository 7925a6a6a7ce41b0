// GraphiQL at /graphql and /graphql/system: it asks the address that it was loaded from.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./main.css";

import { GraphiQL } from "graphiql";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";

const here = window.location.pathname.replace(/\/+$/, "");
const system = here.endsWith("/system");
const items = system ? here.slice(0, -"/system".length) : here;

const EXAMPLES = {
  items: `# Your collections. Ctrl+Enter runs a query,
# Ctrl+Space completes. Below, under Headers:
# {"Authorization": "Bearer <token>"}

query Collections {
  __schema {
    queryType {
      fields {
        name
      }
    }
  }
}
`,
  system: `# Users, roles, policies and the rest.
# Below, under Headers:
# {"Authorization": "Bearer <token>"}

query Server {
  server_ping
  server_info {
    project {
      project_name
    }
  }
}
`,
};

async function fetcher(request, options) {
  const reply = await fetch(here, {
    method: "POST",
    credentials: "same-origin",
    headers: { ...options?.headers, "Content-Type": "application/json" },
    body: JSON.stringify(request),
  });
  return reply.json();
}

function scopeLink(label, address, current) {
  return h("a", { key: label, href: address, "aria-current": current ? "page" : undefined }, label);
}

function Explorer() {
  const links = [scopeLink("items", items, !system), scopeLink("system", `${items}/system`, system)];
  return h(
    GraphiQL,
    {
      fetcher,
      defaultQuery: system ? EXAMPLES.system : EXAMPLES.items,
      defaultEditorToolsVisibility: "headers",
      storage: storageOf(system ? "system" : "items"),
      shouldPersistHeaders: false,
    },
    h(GraphiQL.Logo, null, h("nav", { className: "causeway-scopes", "aria-label": "Schemas" }, links)),
  );
}

// each schema keeps its own tabs and history
function storageOf(scope) {
  const name = (key) => `${scope}:${key}`;
  return {
    getItem: (key) => window.localStorage.getItem(name(key)),
    setItem: (key, value) => window.localStorage.setItem(name(key), value),
    removeItem: (key) => window.localStorage.removeItem(name(key)),
    clear: () => window.localStorage.clear(),
    get length() {
      return window.localStorage.length;
    },
  };
}

document.title = system ? "GraphiQL: system" : "GraphiQL: items";
createRoot(document.getElementById("graphiql")).render(h(Explorer));

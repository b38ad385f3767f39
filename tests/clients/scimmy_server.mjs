// A SCIM service provider made with SCIMMY, which differs from RFC 7644 in several places. It keeps its resources in memory.
// Usage: node scimmy_server.mjs PORT, in a folder that has the packages in node_modules.
import express from "express";
import SCIMMY from "scimmy";
import Routers from "scimmy-routers";

const port = process.argv[2];
const TOKEN = "t0ken";
let made = 0;

function serve(Resource, name) {
  const stored = new Map();
  Resource.ingress((resource, data) => {
    const { id } = resource;
    const same = (other) => String(other[name]).toLowerCase() === String(data[name]).toLowerCase() && other.id !== id;
    if ([...stored.values()].some(same)) throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken`);
    if (id !== undefined && !stored.has(id)) throw new SCIMMY.Types.Error(404, null, "no such resource");
    const next = id ?? `s${++made}`;
    const value = { ...JSON.parse(JSON.stringify(data)), id: next };
    stored.set(next, value);
    return value;
  });
  Resource.egress((resource) => {
    if (resource.id !== undefined) {
      if (!stored.has(resource.id)) throw new SCIMMY.Types.Error(404, null, "no such resource");
      return stored.get(resource.id);
    }
    const all = [...stored.values()];
    return resource.filter ? resource.filter.match(all) : all;
  });
  Resource.degress((resource) => {
    if (!stored.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, "no such resource");
  });
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false));
SCIMMY.Resources.declare(SCIMMY.Resources.Group);
serve(SCIMMY.Resources.User, "userName");
serve(SCIMMY.Resources.Group, "displayName");

const app = express();
app.use("/scim/v2", new Routers({
  type: "bearer",
  handler: (request) => {
    if (request.header("Authorization") !== `Bearer ${TOKEN}`) throw new Error("no such token");
    return "hrpush";
  },
}));
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));

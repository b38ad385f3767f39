// Ordinary commands of CLI for Microsoft 365 against a sandbox tenant over TLS: m365_client.mjs 4711
//
// The CLI has no option for Graph's root: Auth.js holds a fixed table of clouds, and request.js replaces host names by it. So the names of
// the cloud lead to the sandbox here, as a hosts file would do it; the requests themselves are the CLI's own.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import net from "node:net";

const port = Number(process.argv[2]);
const CLOUD = ["graph.microsoft.com", "login.microsoftonline.com"];
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (typeof options === "object" && "host" in options) {
    if (!CLOUD.includes(options.host)) {
      process.nextTick(() => this.destroy(new Error(`${options.host} is not the sandbox`)));
      return this;
    }
    Object.assign(options, { host: "127.0.0.1", port });
  }
  return connect.apply(this, given);
};

const require = createRequire(`${process.env.CLIENTS}/`);
const { executeCommand } = await import(require.resolve("@pnp/cli-microsoft365"));
const SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965";
let calls = 0;
const run = async (command, options = {}, check = undefined) => {
  calls += 1;
  try {
    const { stdout } = await executeCommand(command, { output: "json", ...options });
    const answer = stdout ? JSON.parse(stdout) : undefined;
    check?.(answer);
    return answer;
  } catch (fault) {
    throw new Error(`m365 ${command}: ${fault.error?.message ?? fault.message ?? JSON.stringify(fault)}`);
  }
};
const length = (count) => (list) => assert.equal(list.length, count);

await run("login", { authType: "secret", appId: "00000000-0000-0000-0000-00000000000a", tenant: "contoso.onmicrosoft.com", secret: "x" });
await run("status", {}, (status) => assert.equal(status.connectedAs, "hrpush sandbox"));
await run("entra user list", {}, length(3));
await run("entra user list", { surname: "Lee", properties: "id,displayName" }, length(2));
const ada = await run("entra user add", { displayName: "Ada", userName: "ada@fabrikam.com", password: "Correct-Horse-9", usageLocation: "DE" });
await run("entra user get", { userName: "ada@fabrikam.com" }, (user) => assert.equal(user.id, ada.id));
await run("entra user set", { id: ada.id, department: "Research", managerUserName: "boss@fabrikam.com" });
await run("entra user get", { id: ada.id, properties: "department", withManager: true }, (user) => {
  assert.equal(user.department, "Research");
  assert.equal(user.manager.userPrincipalName, "boss@fabrikam.com");
});
await run("entra user set", { id: ada.id, removeManager: true });
await run("entra user session revoke", { userId: ada.id, force: true });

const group = await run("entra group add", { displayName: "Claims", type: "security", mailNickname: "claims" });
await run("entra group member add", { groupId: group.id, userNames: "ada@fabrikam.com,kim@fabrikam.com", role: "Member" });
await run("entra group member list", { groupId: group.id, role: "Member" }, length(2));
await run("entra group member list", { groupId: group.id, role: "Owner" }, length(0));
await run("entra user groupmembership list", { userId: ada.id }, length(1));
await run("entra group member remove", { groupId: group.id, userNames: "kim@fabrikam.com", role: "Member", force: true });
await run("entra group member list", { groupId: group.id, role: "Member" }, length(1));
await run("entra group set", { id: group.id, newDisplayName: "Claims and more" });
await run("entra group get", { id: group.id }, (found) => assert.equal(found.displayName, "Claims and more"));
await run("entra group list", {}, length(2));

await run("entra license list", {}, length(1));
await run("entra user license add", { userId: ada.id, ids: SKU });
await run("entra user license remove", { userId: ada.id, ids: SKU, force: true });
await run("entra roledefinition list", {}, (list) => assert.ok(list.some((role) => role.displayName === "Global Administrator")));
await run("entra organization list", {}, length(1));

await run("entra user remove", { id: ada.id, force: true });
await run("entra user recyclebinitem list", {}, length(1));
await run("entra user recyclebinitem restore", { id: ada.id });
await run("entra user get", { id: ada.id }, (user) => assert.equal(user.displayName, "Ada"));
await run("entra group remove", { id: group.id, force: true });
await assert.rejects(run("entra user get", { userName: "nobody@fabrikam.com" }));
await run("logout");
console.log(`CLI for Microsoft 365: ${calls} checks passed`);
process.exit(0);

// Forty ordinary calls of Microsoft's JavaScript client against a sandbox tenant over TLS: javascript_client.mjs https://localhost:4711/

import assert from "node:assert/strict";
import { createRequire } from "node:module";

// The client lies where npm put it, not beside this file.
const require = createRequire(`${process.env.CLIENTS}/`);
const { Client, BatchRequestContent, BatchResponseContent, PageIterator } = require("@microsoft/microsoft-graph-client");

const root = process.argv[2];
const host = new URL(root).hostname;
const graph = Client.init({
  authProvider: (done) => done(null, "any"),
  baseUrl: root,
  defaultVersion: "v1.0",
  customHosts: new Set([host]),
});
const SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965";
let calls = 0;
const step = async (what, call, check) => {
  calls += 1;
  const answer = await call();
  try {
    check?.(answer);
  } catch (fault) {
    throw new Error(`${what}: ${fault.message}\n${JSON.stringify(answer)}`);
  }
  return answer;
};
const refused = (what, call, status) =>
  step(what, async () => assert.rejects(call, (fault) => fault.statusCode === status && fault.requestId !== undefined));
const joiner = (name) => ({
  accountEnabled: true,
  displayName: name,
  mailNickName: name,
  userPrincipalName: `${name}@fabrikam.com`,
  usageLocation: "DE",
  passwordProfile: { password: "Correct-Horse-9", forceChangePasswordNextSignIn: true },
});
const length = (count) => (answer) => assert.equal(answer.value.length, count);

const first = await step("a page", () => graph.api("/users").top(2).get(), length(2));
await step("all pages", async () => {
  let count = 0;
  await new PageIterator(graph, first, () => ++count > 0).iterate();
  assert.equal(count, 3);
});
await step("select", () => graph.api("/Users").select("Id,displayName").top(1).get(), (page) => assert.ok(page.value[0].id));
await step("filter", () => graph.api("/users").filter("surname eq 'Lee'").get(), length(2));
const eventual = (request) => request.header("ConsistencyLevel", "eventual");
await step("count", () => eventual(graph.api("/users")).filter("endsWith(userPrincipalName,'com')").count(true).get(), (page) =>
  assert.equal(page["@odata.count"], 3));
await step("search", () => eventual(graph.api("/users")).search('"displayName:lou"').get(), length(1));
await step("order", () => graph.api("/users").orderby("displayName desc").get(), (page) =>
  assert.equal(page.value[0].displayName, "Lou Lee"));
await step("the segment $count", () => eventual(graph.api("/users/$count")).get(), (count) => assert.equal(Number(count), 3));
await step("expand", () => graph.api("/users").expand("manager").get(), (page) => assert.ok(page.value.some((user) => user.manager)));
await refused("an advanced query sent plainly", () => graph.api("/users").filter("companyName eq 'x'").get(), 400);

const ada = await step("create", () => graph.api("/users").post(joiner("ada")), (user) => assert.ok(user.id));
const path = `/users/${ada.id}`;
await step("get by name", () => graph.api("/users/ADA@fabrikam.com").get(), (user) => assert.equal(user.id, ada.id));
await step("patch", () => graph.api(path).patch({ department: "Research", businessPhones: ["+49 1"] }));
await step("clear", () => graph.api(path).patch({ department: null, businessPhones: [] }));
await step("read", () => graph.api(path).select("department,businessPhones").get(), (user) => {
  assert.equal(user.department, null);
  assert.deepEqual(user.businessPhones, []);
});
const boss = await step("the boss", () => graph.api("/users/boss@fabrikam.com").get());
const link = { "@odata.id": `${root}v1.0/users/${boss.id}` };
await step("set the manager", () => graph.api(`${path}/manager/$ref`).put(link));
await step("the manager's type", () => graph.api(`${path}/manager`).get(), (user) =>
  assert.equal(user["@odata.type"], "#microsoft.graph.user"));
await step("reports", () => graph.api(`/users/${boss.id}/directReports`).get(), length(3));
await step("clear the manager", () => graph.api(`${path}/manager/$ref`).delete());
await refused("no manager", () => graph.api(`${path}/manager`).get(), 404);
await refused("the name is taken", () => graph.api("/users").post(joiner("ada")), 400);
await step("sign out", () => graph.api(`${path}/revokeSignInSessions`).post({}), (answer) => assert.equal(answer.value, true));
await step("a pass", () => graph.api(`${path}/authentication/temporaryAccessPassMethods`).post({ lifetimeInMinutes: 60 }), (pass) =>
  assert.ok(pass.temporaryAccessPass));
await step("passes", () => graph.api(`${path}/authentication/temporaryAccessPassMethods`).get(), length(1));

await step("subscriptions", () => graph.api("/subscribedSkus").get(), length(1));
await step("a licence", () => graph.api(`${path}/assignLicense`).post({ addLicenses: [{ skuId: SKU.toUpperCase() }], removeLicenses: [] }));
await step("its plans", () => graph.api(`${path}/licenseDetails`).get(), (answer) => assert.equal(answer.value[0].skuPartNumber, "SPE_E3"));

const body = { displayName: "Claims", mailNickname: "claims", mailEnabled: false, securityEnabled: true };
const group = await step("a group", () => graph.api("/groups").post(body), (made) => assert.ok(made.id));
await step("a member", () =>
  graph.api(`/groups/${group.id}/members/$ref`).post({ "@odata.id": `${root}v1.0/directoryObjects/${ada.id}` }));
await step("members", () => graph.api(`/groups/${group.id}/members`).get(), length(1));
await step("members that are users", () => graph.api(`/groups/${group.id}/members/microsoft.graph.user`).get(), length(1));
await step("groups of the user", () => graph.api(`${path}/memberOf`).get(), length(1));
await step("remove the member", () => graph.api(`/groups/${group.id}/members/${ada.id}/$ref`).delete());

// The client cuts off the host alone, so these addresses have no version.
const batch = new BatchRequestContent([
  { id: "1", request: new Request(`${root}users/${boss.id}`, { method: "GET" }) },
  { id: "2", request: new Request(`${root}groups/${group.id}`, { method: "GET" }), dependsOn: ["1"] },
]);
await step("a batch", async () => graph.api("/$batch").post(await batch.getContent()), (answer) => {
  const answers = new BatchResponseContent(answer);
  assert.deepEqual([answers.getResponseById("1").status, answers.getResponseById("2").status], [200, 200]);
});
const delta = await step("delta", () => graph.api("/users/delta").get(), length(4));
await step("delete", () => graph.api(path).delete());
await step("delta after it", () => graph.api(delta["@odata.deltaLink"]).get(), (page) => assert.ok(page.value[0]["@removed"]));
await step("deleted users", () => graph.api("/directory/deletedItems/microsoft.graph.user").get(), length(1));
await step("restore", () => graph.api(`/directory/deletedItems/${ada.id}/restore`).post({}), (user) => assert.equal(user.id, ada.id));
await step("domains", () => graph.api("/domains").get(), (page) => assert.ok(page.value.length > 1));
await step("roles", () => graph.api("/directoryRoles").get(), (page) => assert.equal(page.value[0].displayName, "Global Administrator"));
await refused("what the sandbox does not cover", () => graph.api("/invitations").post({}), 501);
console.log(`Microsoft's JavaScript client: ${calls} checks passed`);

// The same with a tenant in the place of `adfs`, and a credential that is told everything.

import { ClientSecretCredential } from "@azure/identity";

const { AZURE_AUTHORITY_HOST, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env;
const baseUrl = process.env.GRAPH_BASE_URL ?? "https://graph.microsoft.com/v1.0";
const scope = process.env.GRAPH_SCOPE ?? "https://graph.microsoft.com/.default";

const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
  authorityHost: AZURE_AUTHORITY_HOST,
  // Else a server of Microsoft is asked whether this authority is one to be trusted.
  disableInstanceDiscovery: AZURE_AUTHORITY_HOST !== undefined,
});
const { token } = await credential.getToken(scope);

const { GRAPH_USER_ID, GRAPH_MEETING_ID } = process.env;
const answer = await fetch(`${baseUrl}/users/${GRAPH_USER_ID}/onlineMeetings/${GRAPH_MEETING_ID}/recordings`, {
  headers: { authorization: `Bearer ${token}` },
});
const body = await answer.json();
if (answer.ok) {
  console.log(body.value.length, "recordings");
} else {
  console.error(answer.status, `${body.error.code}: ${body.error.message}`);
  process.exitCode = 1;
}

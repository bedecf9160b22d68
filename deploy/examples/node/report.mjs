// A department's system reports facts and learns what became of each, with nothing but a NATS client: `node report.mjs FILE`.
//
// FILE holds one report per line, all of one system. They are sent again until they are answered; run again, the same file changes
// nothing: the same id with the same content gets the same answer. So the file is what outlives a crash: keep it until this has ended.
// Exit 0: nothing was refused; 1: something was, the lines say why.

import { readFileSync } from "node:fs";
import { connect, nkeyAuthenticator } from "nats";

const RESEND_MS = 5000;
const { KAIYE_NATS_URL: address, KAIYE_NATS_NKEY_SEED: seed, KAIYE_NATS_INBOX: inboxPrefix } = process.env;
const { host: servers, username: user, password: pass } = new URL(address); // which may hold a password instead of the seed of a key

const unanswered = new Map(); // the lines, by the ids of their reports
for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter((each) => each.trim())) {
  unanswered.set(JSON.parse(line).id, line);
}
const [, county, department, system] = JSON.parse(unanswered.values().next().value).source.split("/");

const nc = await connect({
  servers,
  maxReconnectAttempts: -1,
  ...(inboxPrefix && { inboxPrefix }),
  ...(user && { user, pass }),
  ...(seed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) }),
});
(async () => {
  for await (const { type, data } of nc.status()) {
    if (type === "error") console.error(`消息总线 / bus: ${data}`); // such as a permission that this user lacks
  }
})();

const answers = nc.subscribe(`answered.${county}.${department}.${system}.>`);
await nc.flush(); // from here on no answer is missed

function send(line) {
  const type = JSON.parse(line).type.replace(/\.v\d+$/, ""); // registry.entity_registered.v1 goes to ….registry.entity_registered
  nc.publish(`reported.${county}.${department}.${system}.${type}`, line); // no Nats-Msg-Id: a report sent again must be answered again
}
unanswered.forEach(send);
const sendingAgain = setInterval(() => unanswered.forEach(send), RESEND_MS);

let refused = 0;
for await (const message of answers) {
  const answer = message.json(); // id, outcome, code, zh, en, revision; position where it is recorded
  if (!unanswered.delete(answer.id)) continue; // told already, or not asked by this run
  console.log(`${answer.id} ${answer.outcome} ${answer.code}: ${answer.zh} / ${answer.en}`);
  refused += answer.outcome === "refused" ? 1 : 0;
  if (unanswered.size === 0) break;
}
clearInterval(sendingAgain);
await nc.close();
process.exit(refused ? 1 : 0);

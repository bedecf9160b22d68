// A department's system reports facts and learns what became of each, with nothing but a NATS client: `node report.mjs FILE`.
//
// FILE holds one report per line, all of one system. They are sent again until they are answered; run again, the same file changes
// nothing: the same id with the same content gets the same answer. So the file is what outlives a crash: keep it until this has ended.
// Exit 0: nothing was refused; 1: something was, the lines say why; 2: the file, the settings or the key will not do, stderr says why.

import { readFileSync } from "node:fs";
import { connect, nkeyAuthenticator } from "nats";

const RESEND_MS = 5000;
const REPORT_BYTES_MAX = 256 * 1024; // a larger one the broker drops, and the service never sees it
const BAD_LINES_SHOWN_MAX = 20;

function fail(...problems) {
  problems.forEach((each) => console.error(`错误 / error: ${each}`));
  process.exit(2);
}

function forbidden({ operation, subject }) {
  fail(
    `消息总线不允许本密钥在 ${subject} ${operation === "publish" ? "发布" : "接收"}；请换用有权的密钥后再次运行，已答复的不会重复计入 / ` +
      `permissions violation: the bus does not let this key ${operation === "publish" ? "publish to" : "hear"} ${subject}; ` +
      "run this again with a key that may, what is answered counts once",
  );
}

// The report in a line, or what is wrong with the line.
function read(line, number) {
  const bad = (zh, en) => ({ problem: `第 ${number} 行${zh}，未发送任何报告 / line ${number} ${en}: nothing was sent` });
  let said;
  try {
    said = JSON.parse(line);
  } catch {
    return bad("不是 JSON", "is not JSON");
  }
  const [, source] = /^\/(\d{12}\/[a-z0-9_-]+\/[a-z0-9_-]+)$/.exec(said?.source) ?? [];
  const [, type] = /^((?:registry|training|finance)\.[a-z0-9_]+)\.v\d+$/.exec(said?.type) ?? []; // subjects name no version
  if (!source || !type) return bad("没有可用的 source（/县/部门/系统）与 type（服务.事件.v1）", "has no usable source and type");
  if (typeof said.id !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(said.id)) return bad("没有可用的 id", "has no usable id");
  if (Buffer.byteLength(line) > REPORT_BYTES_MAX) return bad("超过 256 KiB", "is larger than 256 KiB");
  const place = source.replaceAll("/", ".");
  return { id: said.id, line, number, place, subject: `reported.${place}.${type}` };
}

// What is wrong with lines that report different things under one id: nobody could tell which of them an answer is to.
function conflicts(reports) {
  const firsts = new Map();
  return reports.flatMap(({ id, line, number }) => {
    const first = firsts.get(id) ?? firsts.set(id, { line, number }).get(id);
    if (first.line === line) return [];
    return `第 ${first.number} 行与第 ${number} 行以同一 id（${id}）报送不同内容，未发送任何报告 / ` +
      `lines ${first.number} and ${number} report different things under one id, ${id}: nothing was sent`;
  });
}

const { KAIYE_NATS_URL: address, KAIYE_NATS_NKEY_SEED: seed, KAIYE_NATS_INBOX: inboxPrefix } = process.env;
const [, , file] = process.argv;
if (!file || !URL.canParse(address ?? "")) {
  fail("用法 / usage: KAIYE_NATS_URL=nats://… [KAIYE_NATS_NKEY_SEED=… KAIYE_NATS_INBOX=…] node report.mjs FILE");
}
const { host: servers, username: user, password: pass } = new URL(address); // which may hold a password instead of the seed of a key

let text;
try {
  text = readFileSync(file, "utf8");
} catch (error) {
  fail(`无法读取 ${file} / ${file} cannot be read: ${error.message}`);
}
const lines = text.split("\n").map((line, at) => [line.trim(), at + 1]);
const found = lines.filter(([line]) => line).map(([line, number]) => read(line, number));
const problems = found.filter((each) => each.problem).map((each) => each.problem);
if (!problems.length) problems.push(...conflicts(found));
if (problems.length > BAD_LINES_SHOWN_MAX) {
  const more = problems.splice(BAD_LINES_SHOWN_MAX).length;
  problems.push(`另有 ${more} 行不能发送 / ${more} more lines cannot be sent`);
}
if (problems.length) fail(...problems);
if (!found.length) fail(`${file} 中没有报告 / ${file} holds no report`);
const [{ place }] = found;
if (found.some((each) => each.place !== place)) fail(`${file} 中有多个系统的报告 / ${file} holds reports of several systems`);

const unanswered = new Map(); // the reports by their ids: those under one id are the same, and go one after the other
for (const report of found) unanswered.set(report.id, [...(unanswered.get(report.id) ?? []), report]);

const nc = await connect({
  servers,
  maxReconnectAttempts: -1,
  ...(inboxPrefix && { inboxPrefix }),
  ...(user && { user, pass }),
  ...(seed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) }),
}).catch((error) => fail(`无法连接消息总线 ${servers} / the bus cannot be reached: ${servers}: ${error.message}`));
(async () => {
  for await (const { type, data, permissionContext } of nc.status()) {
    if (permissionContext) forbidden(permissionContext);
    if (type === "error") console.error(`消息总线 / bus: ${data}`);
  }
})();

const answers = nc.subscribe(`answered.${place}.>`);
await nc.flush(); // from here on no answer is missed

function send([{ subject, line }]) {
  nc.publish(subject, line); // no Nats-Msg-Id: a report sent again must be answered again
}
unanswered.forEach(send);
const sendingAgain = setInterval(() => unanswered.forEach(send), RESEND_MS);

let refused = 0;
try {
  for await (const message of answers) {
    const answer = message.json(); // id, outcome, code, zh, en, revision; position where it is recorded
    const waiting = unanswered.get(answer.id);
    if (!waiting) continue; // told already, or not asked by this run
    console.log(`${answer.id} ${answer.outcome} ${answer.code}: ${answer.zh} / ${answer.en}`);
    refused += answer.outcome === "refused" ? 1 : 0;
    waiting.shift();
    if (waiting.length) send(waiting);
    else unanswered.delete(answer.id);
    if (unanswered.size === 0) break;
  }
} catch (error) {
  if (error.permissionContext) forbidden(error.permissionContext);
  throw error;
}
clearInterval(sendingAgain);
await nc.close();
process.exit(refused ? 1 : 0);

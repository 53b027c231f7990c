/** Realistic messages of the live link, with what a test does not care about filled in. */

export function card(changes = {}) {
  return {
    id: 1, rev: 1, level: "yellow", state: "unack", condition: true, org: "zhujian", org_name: "市住房和城乡建设局",
    item_name: "商品房预售许可", case_no: "XY20260316001", area: "360500", rule: "kechuang.promised", limit_text: "承诺 7 个工作日",
    opened_at: "2026-03-16T08:30:00+08:00", level_at: "2026-03-16T08:30:00+08:00", due_at: "2026-03-16T08:30:00+08:00",
    cleared_at: null, acked: null, stale: false, demanded_action: "说明原因", late_text: "超承诺 1 个工作日", ...changes,
  };
}

export function row(changes = {}) {
  return { org: "zhujian", name: "市住房和城乡建设局", short: "市住建局", open: 12, suspended: 0, warning: 0, yellow: 0, red: 0,
    unjudgeable: 0, ...changes };
}

export function snapshot(changes = {}) {
  return {
    epoch: "e1", as_of_seq: 10, build: "0.1.0", demo: true, server_time: "2026-03-16T09:00:00.000+08:00",
    board: { as_of: "2026-03-16T09:00:00+08:00", rows: [row()] }, figures: { open: 12 }, cards: [],
    counts: { warning: 0, yellow: 0, red: 0, unack: 0, oldest_unack_at: null }, feeds: [],
    duty: { name: "周立新", since: "2026-03-16T08:30:00+08:00" }, calendar: { state: "working", label: "", day_name: "" },
    alarms: [], ...changes,
  };
}

/** A lookup that answers with the key and its values, so that a test sees which sentence was chosen. */
export const keys = (key, values = {}) => [key, ...Object.values(values)].join("|");

/** A socket that remembers what was sent and plays back what a server would say. */
export function fakeIo() {
  const handlers = new Map();
  const sent = [];
  const socket = {
    connected: true, active: true, reconnects: 0,
    on: (name, handler) => handlers.set(name, handler),
    emit: (name, message) => sent.push([name, message]),
    connect: () => { socket.reconnects += 1; },
    close: () => { socket.connected = false; },
  };
  const io = (namespace, options) => Object.assign(io, { namespace, options }) && socket;
  return { io, socket, sent, say: (name, message) => handlers.get(name)?.(message) };
}

/** Debian's Node 18 takes the list itself, newer ones an object with it. */
export function mockTimeouts(timers) {
  const isOld = Number(process.versions.node.split(".")[0]) < 20;
  timers.enable(isOld ? ["setTimeout"] : { apis: ["setTimeout"] });
}

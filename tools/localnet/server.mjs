// The chain's HTTP and WebSocket face, on one port. Bounds: bytes of a request, requests of a batch, subscriptions of a
// connection, bytes that wait for a slow one (it is cut off then).
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { account_json, block_json, commitment_of, methods, rpc_error } from "./rpc.mjs";

const body_bytes_max = 1 << 20;
const batch_max = 1000;
const subscriptions_max = 1000;
const buffered_bytes_max = 64 << 20;

const reply = (id, result) => ({ jsonrpc: "2.0", result, id });
const refuse = (id, fault) => {
  const code = fault instanceof rpc_error ? fault.code : -32603;
  const error = { code, message: code === -32603 ? `Internal error: ${fault.message}` : fault.message };
  return { jsonrpc: "2.0", error: fault.data === undefined ? error : { ...error, data: fault.data }, id };
};

/** Answers one request; `more` are methods of the connection itself. */
function answer(chain, request, more = {}) {
  const id = request?.id ?? null;
  try {
    if (request === null || typeof request !== "object" || typeof request.method !== "string")
      throw new rpc_error(-32600, "Invalid request");
    const all = Object.hasOwn(more, request.method) ? more : methods;
    if (!Object.hasOwn(all, request.method)) throw new rpc_error(-32601, "Method not found");
    const params = request.params ?? [];
    if (!Array.isArray(params)) throw new rpc_error(-32602, "Invalid params: a list is expected");
    return reply(id, all[request.method](chain, params));
  } catch (fault) {
    return refuse(id, fault);
  }
}

function answer_text(chain, text, more) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    return JSON.stringify(refuse(null, new rpc_error(-32700, "Parse error")));
  }
  if (!Array.isArray(document)) return JSON.stringify(answer(chain, document, more));
  if (document.length === 0 || document.length > batch_max)
    return JSON.stringify(refuse(null, new rpc_error(-32600, `a batch has 1 to ${batch_max} requests`)));
  return JSON.stringify(document.map((request) => answer(chain, request, more)));
}

/**
 * What can be subscribed to. Each makes from its parameters a function (level, block) -> results to notify of, and says
 * whether it ends with the first one.
 */
const context = (block, value) => ({ context: { slot: block.slot }, value });
const kinds = {
  slot: () => (level, block) =>
    level === "processed" ? [{ parent: block.parentSlot, root: Math.max(block.slot - 32, 0), slot: block.slot }] : [],
  root: () => (level, block) => (level === "finalized" ? [block.slot] : []),
  block: (chain, [filter, options = {}]) => {
    const wanted = commitment_of(options);
    if (wanted === "processed") throw new rpc_error(-32602, "Invalid params: blocks come at confirmed or finalized");
    const mention = filter === "all" ? null : filter?.mentionsAccountOrProgram;
    if (mention === undefined) throw new rpc_error(-32602, "Invalid params: all, or mentionsAccountOrProgram");
    return (level, block) => {
      if (level !== wanted) return [];
      const entries = mention === null ? block.entries : block.entries.filter((e) => e.keys.includes(mention));
      if (mention !== null && entries.length === 0) return [];
      return [context(block, { slot: block.slot, err: null, block: block_json({ ...block, entries }, options) })];
    };
  },
  logs: (chain, [filter, options = {}]) => {
    const wanted = commitment_of(options);
    const mention = typeof filter === "string" ? null : filter?.mentions?.[0];
    if (mention === undefined) throw new rpc_error(-32602, "Invalid params: all, or mentions with one address");
    return (level, block) =>
      level !== wanted
        ? []
        : block.entries
            .filter((e) => mention === null || e.keys.includes(mention))
            .map((e) => context(block, { signature: e.signature, err: e.meta.err, logs: e.meta.logMessages }));
  },
  signature: (chain, [signature, options = {}]) => {
    const wanted = commitment_of(options);
    const look = (level, block) =>
      level !== wanted
        ? []
        : block.entries.filter((e) => e.signature === signature).map((e) => context(block, { err: e.meta.err }));
    look.once = true;
    look.already = () => {
      const found = chain.transaction(signature);
      if (found === null || found.block.slot > chain.at(wanted)) return [];
      return [context(found.block, { err: found.entry.meta.err })];
    };
    return look;
  },
  account: (chain, [key, options = {}]) => {
    const wanted = commitment_of(options);
    return (level, block) =>
      level === wanted && block.entries.some((e) => e.keys.includes(key))
        ? [context(block, account_json(chain, chain.account(key), options))]
        : [];
  },
  program: (chain, [program, options = {}]) => {
    const wanted = commitment_of(options);
    return (level, block) => {
      if (level !== wanted) return [];
      const touched = new Set(block.entries.flatMap((e) => e.keys));
      return [...touched].flatMap((pubkey) => {
        const a = chain.account(pubkey);
        return a?.owner === program ? [context(block, { pubkey, account: account_json(chain, a, options) })] : [];
      });
    };
  },
};

let next_subscription = 1;

function serve_socket(chain, socket) {
  const subscriptions = new Map(); // id -> { kind, look }
  const send = (value) => {
    if (socket.bufferedAmount > buffered_bytes_max) socket.terminate();
    else socket.send(typeof value === "string" ? value : JSON.stringify(value));
  };
  const notify = (id, kind, result) =>
    send({ jsonrpc: "2.0", method: `${kind}Notification`, params: { result, subscription: id } });
  const later = []; // what is to be notified after the answer that names the subscription

  const own = {};
  for (const [kind, make] of Object.entries(kinds)) {
    own[`${kind}Subscribe`] = (_, params) => {
      if (subscriptions.size >= subscriptions_max) throw new rpc_error(-32603, `at most ${subscriptions_max} subscriptions`);
      const look = make(chain, params);
      const id = next_subscription++;
      const already = look.already?.() ?? [];
      if (already.length > 0) later.push(() => notify(id, kind, already[0]));
      else subscriptions.set(id, { kind, look });
      return id;
    };
    own[`${kind}Unsubscribe`] = (_, [id]) => subscriptions.delete(id);
  }

  const on_block = (level, block) => {
    for (const [id, { kind, look }] of subscriptions) {
      let results;
      try {
        results = look(level, block);
      } catch (fault) {
        results = kind === "block" ? [context(block, { slot: block.slot, err: fault.message, block: null })] : [];
      }
      for (const result of results) notify(id, kind, result);
      if (look.once && results.length > 0) subscriptions.delete(id);
    }
  };
  chain.on("block", on_block);
  socket.on("close", () => chain.off("block", on_block));
  socket.on("error", () => socket.terminate());
  socket.on("message", (text) => {
    send(answer_text(chain, text.toString(), own));
    while (later.length > 0) later.shift()();
  });
}

/** Listens on 127.0.0.1; resolves with { port, close }. Port 0: any. */
export function serve(chain, port) {
  const server = createServer((request, response) => {
    if (request.method !== "POST") {
      response.writeHead(request.url === "/health" ? 200 : 405, { "content-type": "text/plain" }).end("ok");
      return;
    }
    let size = 0;
    const parts = [];
    request.on("error", () => request.destroy());
    request.on("data", (part) => {
      size += part.length;
      parts.push(part);
      if (size > body_bytes_max) {
        response.writeHead(413).end();
        request.destroy();
      }
    });
    request.on("end", () => {
      const text = answer_text(chain, Buffer.concat(parts).toString());
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
    });
  });
  const sockets = new WebSocketServer({ server, maxPayload: body_bytes_max });
  sockets.on("connection", (socket) => serve_socket(chain, socket));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    sockets.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const close = () => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
        server.close();
      };
      resolve({ port: server.address().port, close });
    });
  });
}

/** A few words of Chromium's debugging protocol: enough to ask a page of an app in which no test driver fits any more. */

/** The port in the line that Chromium writes when its debugger listens. */
export function debuggerPort(stderr: NodeJS.ReadableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    stderr.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port) resolve(Number(port));
    });
    stderr.once("end", () => reject(new Error(`the app ended:\n${text}`)));
  });
}

/** The address of the page's own debugger; undefined while there is no page at `url`. */
export async function pageDebugger(port: number, url: string): Promise<string | undefined> {
  const reply = await fetch(`http://127.0.0.1:${port}/json/list`);
  const pages = (await reply.json()) as { type: string; url: string; webSocketDebuggerUrl: string }[];
  return pages.find((page) => page.type === "page" && page.url === url)?.webSocketDebuggerUrl;
}

/** The value of an expression in the page, when it has settled; rejects where the page goes away before, or cannot compute it. */
export async function evaluate(address: string, expression: string): Promise<unknown> {
  const socket = new WebSocket(address);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const answer = new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(String(data)));
      socket.addEventListener("close", () => reject(new Error(`the page went away before it answered ${expression}`)));
    });
    const params = { expression, awaitPromise: true, returnByValue: true };
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
    const text = await answer;
    const { result } = JSON.parse(text) as { result?: { result: { value: unknown } } };
    if (!result) throw new Error(`the page did not answer ${expression}: ${text}`);
    return result.result.value;
  } finally {
    socket.close();
  }
}

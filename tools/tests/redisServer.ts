/** A Redis of one's own, for tests and measurements: Debian's `redis-server` on a free port, which can be killed and started again. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../test/support/freePort.ts";

export interface OwnRedis {
  port: number;
  /** Without TLS and password. */
  url: string;
  folder: string;
  start: () => Promise<void>;
  /** As by a power cut. */
  kill: () => Promise<void>;
}

export interface RedisOptions {
  password?: string;
  /** Every change is on the disk before it is answered, or within a second, as Redis has it where nobody says otherwise. */
  lasting?: boolean | "every second";
  /** It speaks TLS alone, with a certificate that it signed itself: `folder/cert.pem`. */
  tls?: boolean;
}

/** Starts one, and resolves when it listens. `end` ends it and takes away what it kept. */
export async function runRedis({ password, lasting = false, tls = false }: RedisOptions = {}): Promise<
  OwnRedis & { end: () => Promise<void> }
> {
  const folder = mkdtempSync(join(tmpdir(), "diorama-redis-"));
  const port = await freePort();
  const lines = [
    ...["bind 127.0.0.1", `dir ${folder}`, 'save ""', `appendonly ${lasting ? "yes" : "no"}`],
    `appendfsync ${lasting === "every second" ? "everysec" : "always"}`,
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    ...(tls ? tlsLines(folder, port) : [`port ${port}`]),
  ];
  writeFileSync(join(folder, "redis.conf"), lines.join("\n"));
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn("redis-server", [join(folder, "redis.conf")], { stdio: "ignore" });
    await listening(port);
  };
  const kill = async () => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await ended;
  };
  const end = async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  await start().catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return { port, url: `redis://127.0.0.1:${port}`, folder, start, kill, end };
}

function tlsLines(folder: string, port: number): string[] {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key, "-out", certificate, ...name], // prettier-ignore
    { stdio: "ignore" },
  );
  return ["port 0", `tls-port ${port}`, `tls-cert-file ${certificate}`, `tls-key-file ${key}`, "tls-auth-clients no"];
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isThere) return;
    await sleep(20);
  }
  throw new Error(`redis-server does not listen on ${port}`);
}

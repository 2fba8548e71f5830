/** What a page of ours may load and run: nothing but our own files. No inline script, no eval, no address of the network. */

/** Sent with every file of the bundle. Styles set by scripts (`element.style`) are allowed by any policy. */
export const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' img: blob:",
  "font-src 'self'",
  "connect-src 'self' img:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join("; ");

/** For Vite's development server, which inserts style elements and keeps a socket open. */
export const DEVELOPMENT_POLICY = CONTENT_POLICY.replace(
  "style-src 'self'",
  "style-src 'self' 'unsafe-inline'",
).replace("connect-src 'self'", "connect-src 'self' ws://localhost:5180");

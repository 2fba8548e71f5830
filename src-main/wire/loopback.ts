/** What leads to this machine and no other. */

/** Of an address as it stands in a socket, without brackets. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address);
}

/** Of an address or a name that a person gave. */
export function isLocalHost(host: string): boolean {
  return host === "localhost" || isLoopback(host);
}

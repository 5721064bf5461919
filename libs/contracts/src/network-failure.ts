/** Of a socket or a look-up of names, as Node and its resolver call them (`error.code`). */
const codes =
  /^(E(CONNREFUSED|CONNRESET|CONNABORTED|HOSTUNREACH|NETUNREACH|NETDOWN|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN)|E(TIMEOUT|NODATA|SERVFAIL|REFUSED))$/;

/**
 * Whether an error's code says that the other side could not be reached, or went away. Drivers wrap most of these in errors of their own, but not all: one
 * that strikes while a write waits for the socket, or a look-up of SRV records, arrives as it is.
 */
export function isNetworkFailure(code: unknown): boolean {
  return typeof code === 'string' && codes.test(code);
}

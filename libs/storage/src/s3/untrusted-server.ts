import { messageOf, systemCode } from '#contracts';

/** What Node says of a certificate that it does not accept. */
const codes = new Set([
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED'],
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID', 'INVALID_CA'],
]);

/** Nobody that we trust vouches for the server: trying again would not change that. */
export class UntrustedServer extends Error {
  override readonly name = 'UntrustedServer';
}

/** An error of a connection, when it says that; null: something else. */
export function asUntrusted(error: unknown): UntrustedServer | null {
  return codes.has(systemCode(error) ?? '') ? new UntrustedServer(messageOf(error), { cause: error }) : null;
}

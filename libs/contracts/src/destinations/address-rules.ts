import { BlockList, isIP, SocketAddress } from 'node:net';

export type AddressKind = 'public' | 'private' | 'loopback' | 'forbidden';

function list(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const made = new BlockList();
  const add = (family: 'ipv4' | 'ipv6') => (subnet: string) => {
    const [address = '', bits = ''] = subnet.split('/');
    made.addSubnet(address, Number(bits), family);
  };
  ipv4.forEach(add('ipv4'));
  ipv6.forEach(add('ipv6'));
  return made;
}

// Where clouds keep the credentials of a machine, and addresses that name no single host.
const forbidden = list(
  [
    '0.0.0.0/8', // unspecified
    '169.254.0.0/16', // link-local: metadata of most clouds
    '100.100.100.200/32', // metadata of Alibaba
    '168.63.129.16/32', // Azure's wire server
    '192.0.0.192/32', // metadata of Oracle
    '224.0.0.0/4', // multicast
    '240.0.0.0/4', // reserved, broadcast
  ],
  [
    '::/128', // unspecified
    'fe80::/10', // link-local
    '64:ff9b:1::/48', // NAT64 of one's own network (RFC 8215): nobody else can tell what stands behind
    'fd00:ec2::254/128', // metadata of AWS
    'fd20:ce::254/128', // metadata of Google
    'ff00::/8', // multicast
  ],
);
const loopback = list(['127.0.0.0/8'], ['::1/128']);
const privateUse = list(
  ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15'],
  ['fc00::/7', 'fec0::/10'],
);

/** What an IP address is to somebody who must not be sent to places of an attacker's choice. Anything that is no address is forbidden. */
export function kindOfAddress(address: string): AddressKind {
  const plain = embeddedIpv4(address) ?? address;
  const version = isIP(plain);
  if (version === 0) return 'forbidden';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (forbidden.check(plain, family)) return 'forbidden';
  if (loopback.check(plain, family)) return 'loopback';
  return privateUse.check(plain, family) ? 'private' : 'public';
}

/** The IPv4 address that an IPv6 one stands for: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`), 6to4 (`2002::/16`). */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = groupsOf(address);
  if (groups === undefined) return undefined;
  const prefix = groups.slice(0, 6).join(':');
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  const [high = 0, low = 0] = groups.slice(6);
  const isCompatible = prefix === '0:0:0:0:0:0' && (high !== 0 || low > 1);
  const isMapped = prefix === '0:0:0:0:0:65535' || prefix === '0:0:0:0:65535:0';
  const isNat64 = prefix === [0x64, 0xff9b, 0, 0, 0, 0].join(':');
  return isCompatible || isMapped || isNat64 ? dotted(high, low) : undefined;
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight numbers of an IPv6 address, in whatever way it is written. */
function groupsOf(address: string): number[] | undefined {
  const written = new SocketAddress({ address: address.split('%')[0] ?? '', family: 'ipv6' }).address;
  const withoutDots = written.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_all, a: string, b: string, c: string, d: string) =>
      [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [head = '', tail] = withoutDots.split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = numbers(head);
  if (tail === undefined) return before.length === 8 ? before : undefined;
  const after = numbers(tail);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

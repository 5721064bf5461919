import type { Redis } from 'ioredis';

/** Every key and value, as text. */
export async function redisText(client: Redis): Promise<string> {
  const texts: string[] = [];
  for (const key of await client.keys('*')) texts.push(`${key} ${await valueOf(client, key)}`);
  return texts.join('\n');
}

async function valueOf(client: Redis, key: string): Promise<string> {
  switch (await client.type(key)) {
    case 'string':
      return (await client.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await client.hgetall(key));
    case 'list':
      return (await client.lrange(key, 0, -1)).join(' ');
    case 'set':
      return (await client.smembers(key)).join(' ');
    case 'zset':
      return (await client.zrange(key, 0, -1)).join(' ');
    case 'stream':
      return JSON.stringify(await client.xrange(key, '-', '+'));
    default:
      return '';
  }
}

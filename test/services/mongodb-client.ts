import { MongoClient } from 'mongodb';

/** The server's version; throws when it does not answer or does not let us in. */
export async function mongodbVersion(uri: string): Promise<string> {
  return withMongoClient(uri, async (client) => {
    const admin = client.db('admin');
    await admin.command({ ping: 1 });
    const { version } = await admin.command({ buildInfo: 1 });
    return String(version);
  });
}

/** A client for one piece of work, with short limits: what is asked is on this machine or ready. */
export async function withMongoClient<T>(uri: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 2_000, connectTimeoutMS: 2_000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

import { once } from 'node:events';
import { MongoClient } from 'mongodb';

// What people write without mongodump: every document of a database, one after the other, to stdout. Usage: driver-loop URI DATABASE

const [uri = '', database = ''] = process.argv.slice(2);
const client = await MongoClient.connect(uri);
const db = client.db(database);
for (const { name } of await db.listCollections().toArray()) {
  for await (const document of db.collection(name).find({}, { raw: true, batchSize: 1000 })) {
    if (!process.stdout.write(document as unknown as Buffer)) await once(process.stdout, 'drain');
  }
}
await client.close();

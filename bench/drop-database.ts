import { MongoClient } from 'mongodb';

// Usage: drop-database URI DATABASE

const [uri = '', database = ''] = process.argv.slice(2);
const client = await MongoClient.connect(uri);
await client.db(database).dropDatabase();
await client.close();

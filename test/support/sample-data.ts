import { Binary, Decimal128, Double, Int32, Long, ObjectId, type Db, type Document } from 'mongodb';

// A clinic: documents as applications write them (about 800 bytes, nested, dates, decimals, free text), the same for a seed.

/** mulberry32: a small generator whose numbers are the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const givenNames = [
  'Amina',
  'Baraka',
  'Chausiku',
  'Daudi',
  'Eshe',
  'Faraji',
  'Grace',
  'Hamisi',
  'Imani',
  'Juma',
  'Zuhura',
  'Neema',
];
const familyNames = ['Mwangi', 'Otieno', 'Kamau', 'Achieng', 'Njoroge', 'Wanjiru', 'Hassan', 'Mutua', 'Kiprop', 'Auma'];
const departments = ['cardiology', 'general', 'maternity', 'paediatrics', 'surgery', 'emergency'];
const words =
  'patient reports mild persistent cough fever since days no known allergies prescribed rest fluids follow up in one week blood pressure stable advised reduce salt intake referred for imaging results pending medication tolerated well'.split(
    ' ',
  );

export type CollectionName = 'patients' | 'visits' | 'labs' | 'audit';

/** One document of a collection; number `index` of the sequence that `random` gives. */
export function sampleDocument(collection: CollectionName, index: number, random: () => number): Document {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const id = (): ObjectId => new ObjectId(Buffer.from(Array.from({ length: 12 }, () => Math.floor(random() * 256))));
  const date = (): Date => new Date(1_600_000_000_000 + Math.floor(random() * 190_000_000_000));
  const text = (count: number): string => Array.from({ length: count }, () => pick(words)).join(' ');
  const common = { _id: id(), createdAt: date(), updatedAt: date(), version: new Int32(1 + Math.floor(random() * 20)) };
  switch (collection) {
    case 'patients':
      return {
        ...common,
        number: new Int32(index),
        name: { given: pick(givenNames), family: pick(familyNames) },
        birthDate: new Date(Math.floor(random() * 1_200_000_000_000)),
        address: {
          street: `${Math.floor(random() * 400)} ${text(2)} road`,
          city: pick(['Nairobi', 'Mombasa', 'Kisumu']),
          zip: String(10_000 + Math.floor(random() * 80_000)),
        },
        contact: {
          email: `p${index}@example.org`,
          phone: `+2547${String(Math.floor(random() * 1e8)).padStart(8, '0')}`,
        },
        consents: Array.from({ length: 2 }, () => ({
          kind: pick(['treatment', 'research', 'sharing']),
          givenAt: date(),
          by: id(),
        })),
        balance: Decimal128.fromString((random() * 5000).toFixed(2)),
        notes: text(30),
        active: random() > 0.1,
      };
    case 'visits':
      return {
        ...common,
        patient: id(),
        department: pick(departments),
        doctor: { id: id(), name: `${pick(givenNames)} ${pick(familyNames)}` },
        vitals: {
          temperature: new Double(36 + random() * 4),
          pulse: new Int32(50 + Math.floor(random() * 70)),
          pressure: [110 + Math.floor(random() * 50), 60 + Math.floor(random() * 40)],
        },
        diagnosis: Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
          code: `${pick(['A', 'B', 'J', 'K'])}${Math.floor(random() * 99)}.${Math.floor(random() * 9)}`,
          certainty: random(),
        })),
        prescriptions: Array.from({ length: Math.floor(random() * 4) }, () => ({
          drug: text(2),
          dose: `${Math.floor(random() * 500)} mg`,
          days: Math.floor(random() * 30),
        })),
        notes: text(40),
        invoice: { total: Decimal128.fromString((random() * 900).toFixed(2)), currency: 'KES', paid: random() > 0.3 },
      };
    case 'labs':
      return {
        ...common,
        patient: id(),
        sample: new Binary(Buffer.from(Array.from({ length: 48 }, () => Math.floor(random() * 256)))),
        results: Array.from({ length: 8 }, () => ({
          analyte: pick(['Na', 'K', 'Cl', 'Hb', 'WBC', 'CRP']),
          value: random() * 200,
          unit: 'mmol/l',
          flag: pick(['', 'H', 'L']),
        })),
        takenAt: date(),
        sequence: Long.fromNumber(index * 1000),
        comment: random() > 0.5 ? text(12) : null,
      };
    case 'audit':
      return {
        ...common,
        actor: `${pick(givenNames).toLowerCase()}@clinic.example`,
        action: pick(['read', 'update', 'create', 'login', 'export']),
        resource: { kind: pick(['patient', 'visit', 'lab']), id: id() },
        before: { status: pick(['open', 'closed']), note: text(10) },
        after: { status: pick(['open', 'closed']), note: text(10) },
        ip: `10.${Math.floor(random() * 255)}.${Math.floor(random() * 255)}.${Math.floor(random() * 255)}`,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
      };
  }
}

const shares: readonly [CollectionName, number][] = [
  ['patients', 0.2],
  ['visits', 0.4],
  ['labs', 0.25],
  ['audit', 0.15],
];

/** Fills a database with `documents` documents in four collections with indexes; returns how many of each were made. */
export async function fillSampleDatabase(
  db: Db,
  documents: number,
  seed = 1,
): Promise<{ collections: number; documents: number; indexes: number }> {
  let made = 0;
  for (const [name, share] of shares) {
    const random = seededRandom(seed + made);
    const count = Math.round(documents * share);
    for (let at = 0; at < count; at += 1000) {
      const size = Math.min(1000, count - at);
      const batch = Array.from({ length: size }, (_, offset) => sampleDocument(name, at + offset, random));
      await db.collection(name).insertMany(batch, { ordered: false });
    }
    made += count;
  }
  await db.command({
    createIndexes: 'patients',
    indexes: [index({ 'name.family': 1, 'name.given': 1 }), { ...index({ number: 1 }), unique: true }],
  });
  await db.command({ createIndexes: 'visits', indexes: [index({ patient: 1, createdAt: -1 })] });
  await db.command({
    createIndexes: 'labs',
    indexes: [{ ...index({ takenAt: 1 }), expireAfterSeconds: 2_000_000_000 }],
  });
  await db.command({
    createIndexes: 'audit',
    indexes: [{ ...index({ actor: 1 }), partialFilterExpression: { action: 'export' } }],
  });
  return { collections: shares.length, documents: made, indexes: 5 + shares.length };
}

function index(key: Record<string, number>): { key: Record<string, number>; name: string } {
  return { key, name: Object.entries(key).flat().join('_') };
}

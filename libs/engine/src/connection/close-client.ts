import type { MongoClient } from 'mongodb';

const patienceMs = 1000;

/**
 * Closes a client for certain and soon. The driver's `close()` tells the server which sessions end, and makes a new connection for that when those at
 * hand were busy: with a server or network that says nothing it takes until connectTimeoutMS, while sockets and timers keep the process alive. So
 * after some patience, or at once when `force` is set, the connections are closed first. That is no public API of the driver: it is guarded here, and
 * connection.spec.ts tells when it changes.
 */
export async function closeClient(client: MongoClient, { force }: { readonly force: boolean }): Promise<void> {
  if (force) closeConnections(client as object);
  const timer = setTimeout(() => closeConnections(client as object), patienceMs);
  try {
    await client.close();
  } finally {
    clearTimeout(timer);
  }
}

interface Topology {
  readonly closeCheckedOutConnections?: () => void;
  readonly close?: () => void;
}

function closeConnections(client: { readonly topology?: Topology }): void {
  const { topology } = client;
  topology?.closeCheckedOutConnections?.();
  topology?.close?.();
}

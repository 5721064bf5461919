/** A namespace as the key of a map: neither part is free of dots. */
export function namespaceKey({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return JSON.stringify([db, collection]);
}

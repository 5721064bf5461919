/** Where a page begins: after this record of the list, by its value of the list's sort field and its id. What is inserted or removed before it moves nothing. */
export interface After {
  readonly value: Date | number | string | null;
  readonly id: string;
}

/** The values of a DTO class without its type: DTOs describe forms to Nest; what goes in and out are plain values of that form. */
export type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends Date
    ? T
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

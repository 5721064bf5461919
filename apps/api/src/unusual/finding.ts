/** What is unusual, in words that go to people. */
export interface Finding {
  /** What lasts: one alert while it does. */
  readonly state: string;
  readonly seconds: number;
  readonly message: string;
  readonly hint: string;
  readonly actor: string;
  readonly address: string | null;
}

import type { Choices } from '../choices.js';
import type { World } from '../world.js';

/** A fault that goes on until it is ended. */
export interface Begun {
  readonly what: string;
  end(): Promise<void>;
}

export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Seconds that it goes on. */
  readonly seconds: readonly [least: number, most: number];
  /** Null: not possible now. */
  begin(world: World, choices: Choices, seconds: number): Promise<Begun | null>;
}

export const nothingToEnd = (): Promise<void> => Promise.resolve();

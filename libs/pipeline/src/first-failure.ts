import { AppError } from '#contracts';

/**
 * Of errors that follow from each other the first of ours: those of the streams between only say that something else broke. One that was made of it knows more:
 * an upload that could not be aborted either.
 */
export class FirstFailure {
  error: unknown;

  note(error: unknown): void {
    const ours = error instanceof AppError;
    if (this.error === undefined || (ours && (!(this.error instanceof AppError) || error.cause === this.error)))
      this.error = error;
  }
}

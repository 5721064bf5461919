import { AppError } from '#contracts';

export function unknownTarget(target: string): AppError {
  return new AppError({
    code: 'target/unknown',
    stage: 'request',
    message: `There is no target ${target}, and no backup of it`,
    hint: 'GET /api/admin/targets lists them',
  });
}

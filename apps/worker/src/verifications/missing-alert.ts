import { alertKey } from '#catalog';
import { clearAlert, noteEvent, raiseAlert, type AlertDeps } from '../alerts/settle-alert.js';

interface Subject {
  readonly backupId: string;
  readonly target: string;
  readonly correlationId: string;
}

/** A backup whose objects are gone from the store: told once, and once more when they are back or nobody wants them any more. */
export async function raiseMissing(
  deps: AlertDeps,
  { backupId, target, correlationId }: Subject,
  reason: string,
): Promise<void> {
  await raiseAlert(deps, 'missing', backupId, {
    ...{ target, backupId, correlationId },
    message: `Backup ${backupId} is missing in the store: ${reason}`,
    hint: 'Somebody else can write to the store: find out who, bring the objects back (versions, replicas), or make a new backup',
  });
}

interface LostCopy extends Omit<Subject, 'correlationId'> {
  readonly destination: string;
}

/** A copy that nothing can be copied from again is lost for good: told once ever, for nobody can bring that to an end. */
export async function noteLostCopy(deps: AlertDeps, { backupId, target, destination }: LostCopy): Promise<void> {
  await noteEvent(deps, 'missing', `${backupId}-${destination}`, {
    ...{ target, backupId },
    message: `The copy of ${backupId} in the destination ${destination} is gone, and it was the last one: retention had taken the backup from the primary store`,
    hint: 'Find out who removed it (access log, life-cycle rules); versions of the bucket may still have it: bring its folder back, and hazina catalog sync takes it up',
  });
}

export async function clearMissing(
  deps: AlertDeps,
  { backupId, target }: Omit<Subject, 'correlationId'>,
  message: string,
): Promise<void> {
  await clearAlert(deps, alertKey('missing', backupId), { message, target, backupId });
}

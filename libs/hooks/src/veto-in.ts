/** The reason in `{"veto": "reason"}` or `{"veto": true}`, which a hook may answer although all else is well; null: there is no veto. */
export function vetoIn(text: string): string | null {
  if (!text.trimStart().startsWith('{')) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null || !('veto' in answer)) return null;
  const { veto } = answer;
  if (typeof veto === 'string' && veto !== '') return veto;
  return veto === true ? 'it gave no reason' : null;
}

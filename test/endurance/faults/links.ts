import type { Choices } from '../choices.js';
import type { Link, LinkFault, ServiceName } from '../network.js';
import type { World } from '../world.js';
import type { Begun, Fault } from './fault.js';

/** A connection of one process, or of all of them at once, to a service is cut, swallowed or slowed. */
function strike(service: ServiceName, world: World, choices: Choices): Promise<Begun | null> {
  const fault = choices.pick<LinkFault>(['cut', 'reset', 'silence', 'slow']) ?? 'cut';
  const latencyMs = choices.between(20, 200);
  const networks = [...world.installation.slots.map(({ network }) => network), world.installation.cliNetwork];
  const well = networks.flatMap((network) => network.link(service) ?? []).filter(({ isWell }) => isWell);
  const one = choices.pick(well);
  const links: Link[] = choices.chance(0.4) ? well : one === undefined ? [] : [one];
  if (links.length === 0) return Promise.resolve(null);
  for (const link of links) link.strike(fault, latencyMs);
  const end = () => {
    for (const link of links) link.heal();
    return Promise.resolve();
  };
  const how = fault === 'slow' ? `slow by ${latencyMs} ms` : fault;
  return Promise.resolve({ what: `${how}: ${links.map(({ name }) => name).join(', ')}`, end });
}

function faultOf(service: ServiceName, weight: number): Fault {
  return {
    ...{ name: `cut off ${service}`, weight, seconds: [0, 12] },
    begin: (world, choices) => strike(service, world, choices),
  };
}

export const linkFaults: readonly Fault[] = [
  faultOf('redis', 4),
  faultOf('catalog', 9),
  faultOf('store', 8),
  faultOf('source', 5),
  faultOf('target', 3),
];

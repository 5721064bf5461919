import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { Role } from '#contracts';

export const accessKey = 'hazina:access';
/** What a route asks for. A route without a policy lets nobody in. */
export type Access = Role | 'public';

/** The least role that a route asks for. */
export const Roles = (role: Role): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(accessKey, role satisfies Access), ApiBearerAuth('token'), ApiExtension('x-role', role));

/** Open to everybody: probes, the login, downloads by ticket (which is the permission itself). */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(accessKey, 'public' satisfies Access);

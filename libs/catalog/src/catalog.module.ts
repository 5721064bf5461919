import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata } from '@nestjs/common';
import { getConnectionToken, MongooseModule } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { catalogOn, connectionError, connectionOptions, type CatalogOptions } from './open-catalog.js';
import { schemas } from './store/models.js';

/** Injects the Catalog: `@Inject(CATALOG) catalog: Catalog`. */
export const CATALOG = Symbol('CATALOG');
const OPTIONS = Symbol('CATALOG_OPTIONS');
const connectionName = 'catalog';

export interface CatalogModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...injected: never[]) => CatalogOptions | Promise<CatalogOptions>;
}

@Module({})
class CatalogOptionsModule {}

/** The catalogue on a connection of @nestjs/mongoose, behind CATALOG; closed at shutdown. The application does not start without it. */
@Module({})
export class CatalogModule {
  static forRootAsync(options: CatalogModuleOptions): DynamicModule {
    const settings: DynamicModule = {
      module: CatalogOptionsModule,
      imports: options.imports ?? [],
      providers: [{ provide: OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] }],
      exports: [OPTIONS],
    };
    return {
      module: CatalogModule,
      global: true,
      imports: [
        settings,
        MongooseModule.forRootAsync({
          connectionName,
          imports: [settings],
          inject: [OPTIONS],
          // Lazy: the module would log the driver's own error, and try for half a minute.
          useFactory: (wanted: CatalogOptions) => ({
            ...connectionOptions(wanted),
            uri: wanted.uri.reveal(),
            lazyConnection: true,
          }),
        }),
        MongooseModule.forFeature(
          Object.entries(schemas).map(([name, schema]) => ({ name, schema })),
          connectionName,
        ),
      ],
      providers: [
        {
          provide: CATALOG,
          inject: [getConnectionToken(connectionName), OPTIONS],
          useFactory: async (connection: Connection, wanted: CatalogOptions) => {
            try {
              await connection.asPromise();
              return await catalogOn(connection, wanted);
            } catch (error) {
              await connection.close(true).catch(() => undefined);
              throw connectionError(error);
            }
          },
        },
      ],
      exports: [CATALOG, MongooseModule],
    };
  }
}

import { createBullBoard } from '@bull-board/api';
import type { AppControllerRoute, AppViewRoute } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express } from 'express';
import type { ApiConfig } from '#config';
import type { Clock } from '#contracts';
import { scrub } from '#contracts';
import { openQueueBoard, type QueueBoard } from '#queue';
import { API_CONFIG, CLOCK } from '../core/tokens.js';
import { queuesArea } from '../pages/areas.js';

const deadlineMs = 2_000;

/** bull-board at /queues, behind the guard of its area. */
@Injectable()
export class QueuesUi implements OnApplicationShutdown {
  #board: QueueBoard | undefined;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Opens a connection to Redis of its own. */
  serve(app: NestExpressApplication): void {
    const board = openQueueBoard({
      redisUrl: this.config.redisUrl,
      prefix: this.config.redisPrefix,
      clock: this.clock,
      deadlineMs,
      connectionName: 'hazina-api-board',
    });
    this.#board = board;
    const [path = ''] = queuesArea.paths;
    const adapter = new ReadOnlyAdapter(board);
    adapter.setBasePath(path);
    const miscLinks = [{ text: 'Log out', url: `${path}/logout` }];
    const uiConfig = { boardTitle: queuesArea.title, hideDocsLink: true, miscLinks };
    createBullBoard({ queues: board.adapters, serverAdapter: adapter, options: { uiConfig } });
    app.use(path, adapter.router);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#board?.close();
  }
}

/**
 * Of the board's routes only those that read; what would change a queue is not there at all. Replies pass the same net as lines of the log do: jobs carry ids and no
 * secrets, and should an error of a library have quoted one, it is not shown. Errors are problems like all others.
 */
class ReadOnlyAdapter extends ExpressAdapter {
  constructor(private readonly board: QueueBoard) {
    super();
    this.app.disable('x-powered-by').set('etag', false);
  }

  get router(): Express {
    return this.app;
  }

  override setApiRoutes(routes: AppControllerRoute[]): this {
    for (const route of routes) {
      if (route.method !== 'get') continue;
      this.app.get(route.route, async (request, response) => {
        const queues = this.bullBoardQueues ?? new Map();
        const { query, params } = request;
        const asked = { queues, uiConfig: this.uiConfig, query, params, body: {}, headers: {} };
        const { status = 200, body } = await this.board.look(async () => route.handler(asked));
        response
          .status(status)
          .type('json')
          .send(scrub(JSON.stringify(body)));
      });
    }
    return this;
  }

  override setEntryRoute(entry: AppViewRoute): this {
    this.app.get(entry.route, (_request, response, next) => {
      const { name, params } = entry.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, page: string) => {
        if (error === null) response.type('html').send(withoutStrangers(page));
        else next(error);
      });
    });
    return this;
  }
}

/** Fonts of another server: nothing is fetched from elsewhere, and nobody there is told who looks. */
function withoutStrangers(page: string): string {
  return page.replaceAll(/<link [^>]*href="https?:[^>]*>/g, '');
}

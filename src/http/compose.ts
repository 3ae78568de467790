import type { Middleware } from '#http/state.ts';

/** Several middlewares as one, in order (as koa-compose, of which Koa keeps its own). */
export function compose(middlewares: readonly Middleware[]): Middleware {
  return (http, next) => {
    const run = (index: number): Promise<unknown> => {
      const middleware = middlewares[index];
      return Promise.resolve(middleware ? middleware(http, () => run(index + 1)) : next());
    };
    return run(0);
  };
}

import { request } from 'node:http';
import type { TestApp } from './test-app.ts';
import { PASSWORD } from './world.ts';

export interface Page {
  status: number;
  headers: Record<string, string>;
  text: string;
}

export interface Ask {
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}

/** Somebody with a browser, as far as HTTP goes: cookies, forms, no scripts. Asks under the configured name. */
export interface Visitor {
  readonly cookies: Map<string, string>;
  ask(path: string, ask?: Ask): Promise<Page>;
  get(path: string, headers?: Record<string, string>): Promise<Page>;
  /** Sends `fields` with the hidden ones of the form for `action` on `page`. */
  submit(page: string, action: string, fields?: Record<string, string>): Promise<Page>;
  signIn(login: string): Promise<void>;
  /** Chooses language or colours, as the forms in the footer do. */
  prefer(choice: Record<string, string>): Promise<Page>;
}

const ports = new WeakMap<TestApp['koa'], Promise<number>>();

export async function visit(app: TestApp): Promise<Visitor> {
  let listening = ports.get(app.koa);
  if (!listening) ports.set(app.koa, (listening = app.listen()));
  const port = await listening;
  const cookies = new Map<string, string>();

  function ask(path: string, { headers = {}, method = 'GET', body }: Ask = {}): Promise<Page> {
    return new Promise((resolve, reject) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const sent = { host: app.ctx.config.host, accept: 'text/html', ...(cookie && { cookie }), ...headers };
      const outgoing = request({ port, path, method, headers: sent, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        for (const line of answer.headers['set-cookie'] ?? []) keep(line);
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode!,
            headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', value = ''] = pair.split('=');
    if (attributes.includes('Max-Age=0')) cookies.delete(name);
    else cookies.set(name, value);
  }

  async function submit(page: string, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const { text } = await ask(page);
    const form = text
      .match(/<form[^]*?<\/form>/g)
      ?.find((html) => html.includes(`action="${action}"`) || (action === page && !html.includes('action=')));
    if (form === undefined) throw new Error(`${page} has no form for ${action}`);
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      value!,
    ]);
    return send(action, { ...Object.fromEntries(hidden), ...fields });
  }

  function send(action: string, fields: Record<string, string>): Promise<Page> {
    return ask(action, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: app.ctx.config.origin,
        'sec-fetch-site': 'same-origin',
      },
      body: new URLSearchParams(fields).toString(),
    });
  }

  return {
    cookies,
    ask,
    get: (path, headers = {}) => ask(path, { headers }),
    submit,
    prefer: (choice) => send('/preferences', choice),
    async signIn(login) {
      const answer = await submit('/sign-in', '/sign-in', { login, password: PASSWORD });
      if (answer.status !== 303) throw new Error(`Signing in as ${login} failed with ${answer.status}`);
    },
  };
}

import { NotAllowed } from '#domain/errors.ts';
import { readBody } from '#http/body.ts';
import { CSRF_FIELD, isFromElsewhere, isFromOurPage } from '#http/csrf.ts';
import type { HttpContext } from '#http/state.ts';
import { parseMediaType } from '#lib/media-type.ts';

/** A post of 5,000 characters of four bytes, each written as %XX, and room for its form. */
const LIMIT = 256 * 1024;
const FIELDS_LIMIT = 100;

/** A form sent from one of our pages. */
export interface Form {
  /** Trimmed; '' where it is absent. Line ends are \n. */
  text(name: string): string;
  /** As typed, for passwords. */
  raw(name: string): string;
  isChecked(name: string): boolean;
}

/** @throws NotAllowed for a form of another site; errors with a status for what is no form. */
export async function readForm(http: HttpContext): Promise<Form> {
  const fields = await readFields(http);
  if (!isFromOurPage(http, fields.get(CSRF_FIELD))) throw new FormExpired();
  return toForm(fields);
}

/**
 * What was written into a form, to be shown again and never to be done: its token may be missing or wrong. Undefined where the browser
 * says that another site sent it, as nobody wrote it then.
 * @throws errors with a status for what is no form
 */
export async function readTyped(http: HttpContext): Promise<Form | undefined> {
  return isFromElsewhere(http) ? undefined : toForm(await readFields(http));
}

function toForm(fields: URLSearchParams): Form {
  const raw = (name: string) => fields.get(name) ?? '';
  return {
    raw,
    text: (name) => raw(name).replaceAll(/\r\n?/g, '\n').trim(),
    isChecked: (name) => fields.get(name) === 'on',
  };
}

/** A body can be read only once. */
function readFields(http: HttpContext): Promise<URLSearchParams> {
  return (http.state.fields ??= parseFields(http));
}

async function parseFields(http: HttpContext): Promise<URLSearchParams> {
  if (parseMediaType(http.req.headers['content-type'])?.type !== 'application/x-www-form-urlencoded') {
    return http.throw(415, 'Only forms are read here');
  }
  const fields = new URLSearchParams((await readBody(http, LIMIT)).toString('utf8'));
  return fields.size > FIELDS_LIMIT ? http.throw(400, 'Too many fields') : fields;
}

/** The form was not sent from a page of ours, or from one that was open for too long. */
export class FormExpired extends NotAllowed {
  override name = 'FormExpired';
  constructor() {
    super('This form is no longer valid: load the page again');
  }
}

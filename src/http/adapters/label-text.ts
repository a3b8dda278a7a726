// Text out of another registry's metadata that callers may select by here: a version, a zone.

import { limits } from '../../model/instance.ts';
import { isPrintable, utf8Length } from '../../model/text.ts';

export function isLabelText(text: string | undefined): text is string {
  return text !== undefined && text !== '' && utf8Length(text) <= limits.textOctets && isPrintable(text);
}

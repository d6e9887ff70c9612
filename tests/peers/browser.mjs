// The person's part: a browser that is signed in opens the request, reads the page, and presses a button.

export async function answer(url, { cookie, csrf, press = "allow" }) {
  const page = await fetch(url, { headers: { cookie }, redirect: "manual" });
  if (page.status !== 200) throw new Error(`no page of consent: ${page.status} ${await page.text()}`);
  const jar = [cookie, ...page.headers.getSetCookie().map((each) => each.split(";")[0])].join("; ");
  const text = await page.text();
  const form = new URLSearchParams({ csrf_token: csrf, answer: press });
  for (const name of ["client_id", "request_uri"]) {
    form.set(name, new RegExp(`name="${name}" value="([^"]*)"`).exec(text)[1]);
  }
  const sent = await fetch(new URL("/oauth/authorize", url), {
    method: "POST",
    headers: { cookie: jar, origin: new URL(url).origin },
    body: form,
    redirect: "manual",
  });
  if (sent.status !== 303) throw new Error(`not sent back: ${sent.status} ${await sent.text()}`);
  return new URL(sent.headers.get("location"));
}

export function steps() {
  const done = [];
  return { done, note: (name, fits) => { if (!fits) throw new Error(`step failed: ${name}`); done.push(name); } };
}

export async function told() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

// Passkeys: a form carries what the browser is asked; its answer goes back in the same form. Without this file the other ways stay.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const listed = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

function making(asked) {
  const user = { ...asked.user, id: bytes(asked.user.id) };
  return { ...asked, user, challenge: bytes(asked.challenge), excludeCredentials: listed(asked.excludeCredentials) };
}

function proving(asked) {
  return { ...asked, challenge: bytes(asked.challenge), allowCredentials: listed(asked.allowCredentials) };
}

function written(made) {
  const given = made.response;
  const response = { clientDataJSON: text(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = text(given.attestationObject);
    response.transports = given.getTransports?.() ?? [];
  } else {
    response.authenticatorData = text(given.authenticatorData);
    response.signature = text(given.signature);
    response.userHandle = given.userHandle ? text(given.userHandle) : null;
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
}

async function answer(form) {
  const asked = JSON.parse(form.dataset.passkey);
  const made = asked.user
    ? await navigator.credentials.create({ publicKey: making(asked) })
    : await navigator.credentials.get({ publicKey: proving(asked) });
  form.elements.credential.value = written(made);
  if (form.elements.keep) form.elements.keep.value = document.getElementById("keep")?.checked ?? false;
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const told = form.querySelector("[role=alert]");
    answer(form).catch(() => {
      told.textContent = "The browser gave no passkey. Try again, or use another way.";
      told.hidden = false;
    });
  });
}

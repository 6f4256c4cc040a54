// Forms that a device answers: data-passkey says where to ask what it is asked, data-makes that it is to make a passkey.
(() => {
  const known = window.PublicKeyCredential;
  if (!known?.parseCreationOptionsFromJSON || !known.parseRequestOptionsFromJSON) return;

  const ask = async (form) => {
    const answer = await fetch(form.dataset.passkey, { headers: { accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error("The page is too old: load it again.");
    const options = await answer.json();
    return "makes" in form.dataset
      ? navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
  };

  const reason = (error) => ({
    NotAllowedError: "Nothing was shown: it was called off, took too long, or there is no passkey for this address.",
    InvalidStateError: "This device has a passkey for this account already.",
    SecurityError: "Passkeys are not for this address: open the pages at the address that the server is known by.",
  })[error.name] ?? error.message;

  const send = async (form) => {
    const said = form.querySelector("[role=alert]");
    const button = form.querySelector("[type=submit]");
    said.textContent = "";
    button.disabled = true;
    try {
      form.elements.answer.value = JSON.stringify((await ask(form)).toJSON());
      form.submit();
    } catch (error) {
      said.textContent = reason(error);
      button.disabled = false;
      button.focus();
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => { event.preventDefault(); send(form); });
  }
  for (const words of document.querySelectorAll("[data-no-passkeys]")) words.hidden = true;
})();

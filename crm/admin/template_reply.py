"""The part of the conversation's page that answers with a template: choose one, fill it in, look at it, send it."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.tenancy.single_submit import OnceForm
from whatsapp.message_templates.availability import usable_with
from whatsapp.message_templates.preview import label_of, preview
from whatsapp.template_parameters import examples, placeholders, problems


class TemplateForm(OnceForm):
    """A field for each placeholder of a template."""

    def __init__(self, template, data=None):
        super().__init__(data, prefix="template")
        self.template = template
        self.fields_of_keys = {key: f"parameter-{key}" for key in placeholders(template)}
        given = examples(template)
        for key, name in self.fields_of_keys.items():
            example = _("For example: %(value)s") % {"value": given[key]} if key in given else ""
            self.fields[name] = forms.CharField(label=label_of(template, key), help_text=example, max_length=2000)

    def clean(self):
        cleaned_data = super().clean()
        if not self.errors:
            for key, sentence in problems(self.template, self.parameters).items():
                self.add_error(self.fields_of_keys[key], sentence)
        return cleaned_data

    @property
    def parameters(self):
        """What has been filled in so far, by key."""
        entered = {key: self[name].value() for key, name in self.fields_of_keys.items()}
        return {key: value for key, value in entered.items() if value}

    @property
    def preview(self):
        return preview(self.template, self.parameters)

    @property
    def parameter_fields(self):
        return [self[name] for name in self.fields_of_keys.values()]


class TemplateReply:
    """Mixed into the conversation's page, whose `_conversation`, `_write` and `_show` it uses."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.template_view)
        return [path("<int:pk>/template/", view, name="crm_conversation_template"), *super().get_urls()]

    def template_view(self, request, pk):
        """GET `?template=` chooses a template; POST sends it, or with `preview` shows it as it is filled in so far."""
        conversation = self._conversation(request, pk, may_change=True)
        if request.method != "POST" and not request.GET.get("template"):
            return redirect(f"{reverse('admin:crm_conversation_change', args=[pk])}#template")
        form = self._form(request, conversation)
        if form is None:
            messages.error(request, _("This template is no longer approved. Choose another one."))
            return redirect(f"{reverse('admin:crm_conversation_change', args=[pk])}#template")
        wants_to_send = request.method == "POST" and "preview" not in request.POST
        if (
            wants_to_send
            and form.is_valid()
            and self._write(request, conversation, form, template=form.template, parameters=form.parameters)
        ):
            return redirect("admin:crm_conversation_change", pk)
        return self._show(request, conversation, template_form=form)

    def _form(self, request, conversation):
        """The form of the chosen template; None when it may not be sent."""
        asked = request.POST if request.method == "POST" else request.GET
        pk = asked.get("template", "")
        if not (pk.isdecimal() and len(pk) < 19):
            raise Http404
        template = usable_with(conversation.whatsapp_number).filter(pk=pk).first()
        if template is None:
            return None
        form = TemplateForm(template, request.POST if request.method == "POST" else None)
        if "preview" in request.POST:
            # Looking is no mistake: what is still empty is not held against it.
            form = TemplateForm(template)
            form.initial = {name: request.POST.get(form.add_prefix(name), "") for name in form.fields}
        return form

    def template_context(self, conversation, form=None):
        """What the page needs to offer templates."""
        return {
            "template_form": form,
            "templates": [(template.pk, name_of(template)) for template in usable_with(conversation.whatsapp_number)],
        }


def name_of(template):
    body = preview(template, {}).body
    return f"{template}: {Truncator(' '.join(body.split())).chars(60)}"

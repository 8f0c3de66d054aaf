from django.urls import path

app_name = "passenger"
urlpatterns: list[path] = []
